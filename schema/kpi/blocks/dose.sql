-- Doses of children up to eight years by the register that counts them, wherever
-- they had them: the unit that vaccinates may have another day of birth.
-- use: known, resident
-- columns: person INTEGER, code TEXT, day INTEGER
-- key: person, code, day
SELECT DISTINCT k.person, e.VACCINETYPE, e.DATE_SERV
FROM EPI AS e JOIN known AS k ON k.hcode = e.HOSPCODE AND k.pid = e.PID
WHERE e.DATE_SERV BETWEEN :year_start - 80000 AND :end
  AND EXISTS (SELECT 1 FROM resident AS r WHERE r.person = k.person AND r.birth >= :year_start - 80000)
