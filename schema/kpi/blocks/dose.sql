-- Doses that children up to eight years have had, wherever they had them.
-- use: known
-- columns: person INTEGER, code TEXT, day INTEGER
-- key: person, code, day
SELECT DISTINCT k.person, e.VACCINETYPE, e.DATE_SERV
FROM EPI AS e JOIN known AS k ON k.hcode = e.HOSPCODE AND k.pid = e.PID
WHERE e.DATE_SERV BETWEEN k.birth AND :end AND k.birth >= :year_start - 80000
