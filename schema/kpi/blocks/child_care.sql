-- Days of care of newborns.
-- use: known
-- columns: person INTEGER, day INTEGER
-- index: person
SELECT DISTINCT k.person, v.day
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, BCARE AS day FROM NEWBORNCARE
  UNION ALL SELECT HOSPCODE, PID, BCARE1 FROM PP
  UNION ALL SELECT HOSPCODE, PID, BCARE2 FROM PP
  UNION ALL SELECT HOSPCODE, PID, BCARE3 FROM PP
) AS v
JOIN known AS k ON k.hcode = v.hcode AND k.pid = v.pid
WHERE v.day BETWEEN :year_start - 10000 AND :end
