-- Ends of pregnancies as LABOR or MCH of a unit tell of them, once a day.
-- table: calendar
-- columns: hcode TEXT, pid TEXT, day INTEGER, n INTEGER, abortion INTEGER, file TEXT, sub INTEGER, line INTEGER
-- key: hcode, pid, day
SELECT hcode, pid, b.day, c.n, min(abortion), file, sub, min(line)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, BDATE AS day, CASE WHEN BTYPE = '6' THEN 1 ELSE 0 END AS abortion,
    'LABOR' AS file, SUBMISSION AS sub, LINE AS line
  FROM LABOR WHERE SUBMISSION <= :as_of
  UNION ALL
  SELECT HOSPCODE, PID, BDATE, CASE WHEN BTYPE = '6' THEN 1 ELSE 0 END, 'MCH', SUBMISSION, LINE
  FROM MCH WHERE SUBMISSION <= :as_of
) AS b JOIN calendar AS c ON c.day = b.day
GROUP BY hcode, pid, b.day
