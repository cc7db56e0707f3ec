-- alone: unit
SELECT 'CHRONICFU' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day,
  number AS v_number
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day, SUBMISSION AS sub, LINE AS line,
    row_number() OVER (PARTITION BY HOSPCODE, PID ORDER BY DATE_SERV, SUBMISSION, LINE) AS number
  FROM CHRONICFU WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of
)
WHERE number > :most
