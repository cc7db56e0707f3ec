-- Ends of pregnancies as LABOR or MCH of a unit tell of them, once a day: by the
-- row that came first, so that what comes later makes no other row of it.
-- table: calendar
-- columns: hcode TEXT, pid TEXT, day INTEGER, n INTEGER, abortion INTEGER, file TEXT, sub INTEGER, line INTEGER
-- key: hcode, pid, day
SELECT hcode, pid, day, n, least_abortion, file, sub, line
FROM (
  SELECT b.hcode, b.pid, b.day, c.n, b.file, b.sub, b.line,
    min(b.abortion) OVER (PARTITION BY b.hcode, b.pid, b.day) AS least_abortion,
    row_number() OVER (PARTITION BY b.hcode, b.pid, b.day ORDER BY b.sub, b.file, b.line) AS place
  FROM (
    SELECT HOSPCODE AS hcode, PID AS pid, BDATE AS day, CASE WHEN BTYPE = '6' THEN 1 ELSE 0 END AS abortion,
      'LABOR' AS file, SUBMISSION AS sub, LINE AS line
    FROM LABOR WHERE SUBMISSION <= :as_of
    UNION ALL
    SELECT HOSPCODE, PID, BDATE, CASE WHEN BTYPE = '6' THEN 1 ELSE 0 END, 'MCH', SUBMISSION, LINE
    FROM MCH WHERE SUBMISSION <= :as_of
  ) AS b JOIN calendar AS c ON c.day = b.day
) AS one
WHERE place = 1
