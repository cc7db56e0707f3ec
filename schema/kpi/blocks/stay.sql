-- Stays in a ward, with times YYYYMMDDHHMMSS.
-- use: known
-- columns: person INTEGER, admitted INTEGER, left_at INTEGER
-- index: person
SELECT k.person, a.DATETIME_ADMIT, a.DATETIME_DISCH
FROM ADMISSION AS a JOIN known AS k ON k.hcode = a.HOSPCODE AND k.pid = a.PID
WHERE a.DATETIME_ADMIT IS NOT NULL
