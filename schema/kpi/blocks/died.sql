-- Day of death by person, from DEATH or from a register (DISCHARGE 1).
-- use: known
-- columns: person INTEGER, died INTEGER
-- key: person
SELECT person, min(died)
FROM (
  SELECT k.person AS person, d.DDEATH AS died
  FROM DEATH AS d JOIN known AS k ON k.hcode = d.HOSPCODE AND k.pid = d.PID
  WHERE d.DDEATH IS NOT NULL
  UNION ALL
  SELECT person, left_on FROM known WHERE discharge = '1' AND left_on IS NOT NULL
) AS d
GROUP BY person
