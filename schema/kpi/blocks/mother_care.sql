-- Days of care of mothers after birth.
-- use: known
-- columns: person INTEGER, day INTEGER
-- index: person
SELECT DISTINCT k.person, v.day
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, PPCARE AS day FROM POSTNATAL
  UNION ALL SELECT HOSPCODE, PID, PPCARE1 FROM MCH
  UNION ALL SELECT HOSPCODE, PID, PPCARE2 FROM MCH
  UNION ALL SELECT HOSPCODE, PID, PPCARE3 FROM MCH
) AS v
JOIN known AS k ON k.hcode = v.hcode AND k.pid = v.pid
WHERE v.day BETWEEN :year_start - 10000 AND :end
