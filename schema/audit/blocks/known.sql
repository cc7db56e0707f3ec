-- Everybody whom a unit knows, as the register of the round says: the latest
-- round not after it, else the first one after it. Died is the first day of
-- death that DEATH or the register (DISCHARGE 1) of the same unit tells.
-- columns: hcode TEXT, pid TEXT, cid TEXT, birth INTEGER, sex TEXT, resident INTEGER, died INTEGER
-- key: hcode, pid
SELECT p.hcode, p.pid, p.cid, p.birth, p.sex, p.resident,
  CASE WHEN p.left_on < d.died THEN p.left_on ELSE coalesce(d.died, p.left_on) END
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, CID AS cid, BIRTH AS birth, SEX AS sex,
    CASE WHEN TYPEAREA IN ('1', '3') AND DISCHARGE = '9' THEN 1 ELSE 0 END AS resident,
    CASE WHEN DISCHARGE = '1' THEN DDISCHARGE END AS left_on,
    row_number() OVER (
      PARTITION BY HOSPCODE, PID
      ORDER BY CASE WHEN ROUND <= :round THEN -ROUND ELSE ROUND END
    ) AS pick
  FROM PERSON
  WHERE SUBMISSION <= :as_of
) AS p
LEFT JOIN (
  SELECT HOSPCODE AS hcode, PID AS pid, min(DDEATH) AS died
  FROM DEATH WHERE DDEATH IS NOT NULL AND SUBMISSION <= :as_of
  GROUP BY HOSPCODE, PID
) AS d ON d.hcode = p.hcode AND d.pid = p.pid
WHERE p.pick = 1
