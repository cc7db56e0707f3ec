-- Newborns with the dates on which they were cared for: PP of the 21 files,
-- NEWBORN with NEWBORNCARE of the 43. A child that a unit sent in both
-- standards scores once.
WITH care AS (
  SELECT HOSPCODE, PID, count(DISTINCT BCARE) AS cares
  FROM NEWBORNCARE WHERE SUBMISSION <= :as_of GROUP BY 1, 2
)
SELECT 'PP' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, BDATE AS day, 0 AS once,
       (SELECT count(DISTINCT care)
        FROM (SELECT BCARE1 AS care UNION ALL SELECT BCARE2 UNION ALL SELECT BCARE3)) AS cares,
       SUBMISSION AS sub, LINE AS line
FROM PP WHERE BDATE BETWEEN :from AND :to
UNION ALL
SELECT 'NEWBORN', n.HOSPCODE, n.PID, n.CID, n.BDATE, 0, c.cares, n.SUBMISSION, n.LINE
FROM NEWBORN AS n
JOIN care AS c ON c.HOSPCODE = n.HOSPCODE AND c.PID = n.PID
WHERE n.BDATE BETWEEN :from AND :to
