-- table: calendar
-- alone: unit
SELECT 'ANC' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day,
  since AS v_days, ga AS v_weeks
FROM (
  SELECT a.HOSPCODE AS hcode, a.PID AS pid, a.DATE_SERV AS day, a.SUBMISSION AS sub, a.LINE AS line,
    CAST(a.GA AS INTEGER) AS ga,
    c.n - lag(c.n) OVER (PARTITION BY a.HOSPCODE, a.PID ORDER BY c.n, a.SUBMISSION, a.LINE) AS since
  FROM ANC AS a JOIN calendar AS c ON c.day = a.DATE_SERV
  WHERE a.SUBMISSION <= :as_of
)
WHERE day BETWEEN :from AND :to AND since < :least AND ga BETWEEN 1 AND :until - 1
