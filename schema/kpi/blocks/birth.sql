-- Children as NEWBORN or PP tells of them, once each. Three as in delivery.
-- use: known, pp_third
-- columns: person INTEGER, born INTEGER, three INTEGER
-- key: person
SELECT k.person, min(b.born), max(b.three)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, BDATE AS born, 1 AS three
  FROM NEWBORN WHERE BDATE IS NOT NULL
  UNION ALL
  SELECT HOSPCODE, PID, BDATE,
    CASE WHEN HOSPCODE IN (SELECT hcode FROM pp_third) THEN 1 ELSE 0 END
  FROM PP WHERE BDATE IS NOT NULL
) AS b
JOIN known AS k ON k.hcode = b.hcode AND k.pid = b.pid
WHERE b.born BETWEEN :year_start - 10000 AND :end
GROUP BY k.person
