-- Every row of family planning that a unit has told of, and how many days after
-- the one before with the same method.
-- table: calendar
-- columns: hcode TEXT, pid TEXT, code TEXT, day INTEGER, since INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid, day, code
SELECT f.HOSPCODE, f.PID, f.FPTYPE, f.DATE_SERV,
  c.n - lag(c.n) OVER (PARTITION BY f.HOSPCODE, f.PID, f.FPTYPE ORDER BY c.n, f.SUBMISSION, f.LINE),
  f.SUBMISSION, f.LINE
FROM FP AS f JOIN calendar AS c ON c.day = f.DATE_SERV
WHERE f.SUBMISSION <= :as_of AND f.FPTYPE IS NOT NULL
