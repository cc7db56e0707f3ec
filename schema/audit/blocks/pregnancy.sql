-- When a pregnancy began and ended, as PRENATAL, LABOR or MCH of the unit say.
-- columns: hcode TEXT, pid TEXT, gravida INTEGER, lmp INTEGER, born INTEGER
-- key: hcode, pid, gravida
SELECT hcode, pid, gravida, min(lmp), max(born)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, CAST(GRAVIDA AS INTEGER) AS gravida, LMP AS lmp, NULL AS born
  FROM PRENATAL WHERE SUBMISSION <= :as_of
  UNION ALL
  SELECT HOSPCODE, PID, CAST(GRAVIDA AS INTEGER), LMP, BDATE FROM LABOR WHERE SUBMISSION <= :as_of
  UNION ALL
  SELECT HOSPCODE, PID, CAST(GRAVIDA AS INTEGER), LMP, BDATE FROM MCH WHERE SUBMISSION <= :as_of
)
WHERE gravida > 0
GROUP BY hcode, pid, gravida
