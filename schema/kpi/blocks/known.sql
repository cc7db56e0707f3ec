-- Everybody whom a unit knows, as the register of the period's round says:
-- the latest round not after it, else the first one after it. A person is the
-- citizen ID as a number, the same at every unit. Nearly everybody is in the
-- round itself, and is taken from there; only who is not has other rounds
-- compared.
-- use: in_round
-- columns: hcode TEXT, pid TEXT, person INTEGER, birth INTEGER, sex TEXT, typearea TEXT, discharge TEXT, left_on INTEGER, nation TEXT
-- key: hcode, pid
SELECT HOSPCODE, PID, CAST(CID AS BIGINT), BIRTH, SEX, TYPEAREA, DISCHARGE, DDISCHARGE, NATION
FROM PERSON
WHERE ROUND = :round AND length(CID) = 13
UNION ALL
SELECT hcode, pid, person, birth, sex, typearea, discharge, left_on, nation
FROM (
  SELECT p.HOSPCODE AS hcode, p.PID AS pid, CAST(p.CID AS BIGINT) AS person, p.BIRTH AS birth,
    p.SEX AS sex, p.TYPEAREA AS typearea, p.DISCHARGE AS discharge, p.DDISCHARGE AS left_on,
    p.NATION AS nation,
    row_number() OVER (
      PARTITION BY p.HOSPCODE, p.PID
      ORDER BY CASE WHEN p.ROUND < :round THEN -p.ROUND ELSE p.ROUND END
    ) AS pick
  FROM PERSON AS p
  LEFT JOIN in_round AS n ON n.hcode = p.HOSPCODE AND n.pid = p.PID
  WHERE p.ROUND <> :round AND length(p.CID) = 13 AND n.hcode IS NULL
) AS o
WHERE pick = 1
