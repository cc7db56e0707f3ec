-- What WOMEN (living with a husband) says of each, by the register of the
-- period's round: the latest round not after it, else the first one after it.
-- columns: hcode TEXT, pid TEXT, fptype TEXT
-- key: hcode, pid
SELECT hcode, pid, fptype
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, FPTYPE AS fptype, row_number() OVER (
    PARTITION BY HOSPCODE, PID ORDER BY CASE WHEN ROUND <= :round THEN -ROUND ELSE ROUND END
  ) AS pick
  FROM WOMEN
) AS w
WHERE pick = 1
