-- Everybody whom a unit knows, as the register of the round says: the latest
-- round not after it, else the first one after it. Died is the first day of
-- death that DEATH or the register (DISCHARGE 1) of the same unit tells. Rows of
-- a person lie together, so that grouped as they are stored nothing is sorted.
-- columns: hcode TEXT, pid TEXT, cid TEXT, birth INTEGER, sex TEXT, resident INTEGER, died INTEGER
-- key: hcode, pid
SELECT p.hcode, p.pid, p.cid, p.birth, p.sex, p.resident,
  CASE WHEN p.left_on < d.died THEN p.left_on ELSE coalesce(d.died, p.left_on) END
FROM (
  SELECT nullif(CAST(HOSPCODE AS TEXT), '') AS hcode, nullif(CAST(PID AS TEXT), '') AS pid,
    nullif(CAST(CID AS TEXT), '') AS cid, nullif(BIRTH, '') AS birth, nullif(CAST(SEX AS TEXT), '') AS sex,
    CASE WHEN CAST(TYPEAREA AS TEXT) IN ('1', '3') AND CAST(DISCHARGE AS TEXT) = '9' THEN 1 ELSE 0 END AS resident,
    CASE WHEN CAST(DISCHARGE AS TEXT) = '1' THEN nullif(DDISCHARGE, '') END AS left_on,
    min(CASE WHEN _round <= :round THEN -_round ELSE _round END) AS nearest
  FROM t_person
  WHERE _sub <= :as_of
  GROUP BY HOSPCODE, PID
) AS p
LEFT JOIN (
  SELECT HOSPCODE AS hcode, PID AS pid, min(DDEATH) AS died
  FROM DEATH WHERE DDEATH IS NOT NULL AND SUBMISSION <= :as_of
  GROUP BY HOSPCODE, PID
) AS d ON d.hcode = p.hcode AND d.pid = p.pid
