-- Stays in a ward, first and last day.
-- columns: hcode TEXT, pid TEXT, first INTEGER, last INTEGER
-- index: hcode, pid
SELECT HOSPCODE, PID, DATETIME_ADMIT / 1000000, DATETIME_DISCH / 1000000
FROM ADMISSION WHERE SUBMISSION <= :as_of
