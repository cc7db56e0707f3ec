-- Everybody whom a unit knows, as the register of the period's round says:
-- the latest round not after it, else the first one after it. A person is the
-- citizen ID as a number, the same at every unit.
-- columns: hcode TEXT, pid TEXT, person INTEGER, birth INTEGER, sex TEXT, typearea TEXT, discharge TEXT, left_on INTEGER, nation TEXT
-- key: hcode, pid
SELECT hcode, pid, person, birth, sex, typearea, discharge, left_on, nation
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, CAST(CID AS BIGINT) AS person, BIRTH AS birth, SEX AS sex,
    TYPEAREA AS typearea, DISCHARGE AS discharge, DDISCHARGE AS left_on, NATION AS nation,
    row_number() OVER (
      PARTITION BY HOSPCODE, PID
      ORDER BY CASE WHEN ROUND <= :round THEN -ROUND ELSE ROUND END
    ) AS pick
  FROM PERSON
  WHERE length(CID) = 13
) AS p
WHERE pick = 1
