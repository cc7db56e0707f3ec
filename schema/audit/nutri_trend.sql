-- use: known
-- alone: unit
SELECT 'NUTRITION' AS file, n.sub AS sub, n.line AS line, n.hcode AS hcode, n.pid AS pid, n.day AS day,
  n.cm / 10 || '.' || n.cm % 10 AS v_cm, n.before / 10 || '.' || n.before % 10 AS v_before
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day, SUBMISSION AS sub, LINE AS line,
    CAST(round(HEIGHT * 10) AS INTEGER) AS cm,
    lag(CAST(round(HEIGHT * 10) AS INTEGER)) OVER (PARTITION BY HOSPCODE, PID ORDER BY DATE_SERV, SUBMISSION, LINE) AS before
  FROM NUTRITION WHERE SUBMISSION <= :as_of AND HEIGHT > 0
) AS n
JOIN known AS p ON p.hcode = n.hcode AND p.pid = n.pid
WHERE n.day BETWEEN :from AND :to AND n.before - n.cm > :mm
  AND (n.day - p.birth) / 10000 < :years
