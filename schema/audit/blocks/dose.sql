-- Every vaccination that a unit has told of, with the number of its day.
-- table: calendar
-- columns: hcode TEXT, pid TEXT, code TEXT, day INTEGER, n INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid, day, code
SELECT e.HOSPCODE, e.PID, e.VACCINETYPE, e.DATE_SERV, c.n, e.SUBMISSION, e.LINE
FROM EPI AS e JOIN calendar AS c ON c.day = e.DATE_SERV
WHERE e.SUBMISSION <= :as_of AND e.VACCINETYPE IS NOT NULL
