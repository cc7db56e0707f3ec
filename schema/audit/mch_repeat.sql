-- use: birth
-- alone: unit
SELECT file AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day, since AS v_days
FROM (
  SELECT file, sub, line, hcode, pid, day, n - lag(n) OVER (PARTITION BY hcode, pid ORDER BY n, sub, line) AS since
  FROM birth WHERE abortion = 0
)
WHERE day BETWEEN :from AND :to AND since BETWEEN :least AND :most
