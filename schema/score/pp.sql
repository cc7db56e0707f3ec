-- Newborns with the dates on which they were cared for: PP of the 21 files,
-- NEWBORN with NEWBORNCARE of the 43. A child that a unit sent in both
-- standards scores once. A date of the second care says that there was a first,
-- of which the day (0) is not known.
WITH care AS (
  SELECT HOSPCODE, PID, group_concat(BCARE || '/' || SUBMISSION, ' ') AS cares
  FROM NEWBORNCARE WHERE SUBMISSION <= :as_of GROUP BY 1, 2
)
SELECT 'PP' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, BDATE AS day, 0 AS once,
       coalesce(coalesce(BCARE1, iif(BCARE2 IS NULL, NULL, 0)) || '/' || SUBMISSION, '')
         || coalesce(' ' || BCARE2 || '/' || SUBMISSION, '')
         || coalesce(' ' || BCARE3 || '/' || SUBMISSION, '') AS cares,
       SUBMISSION AS sub, LINE AS line
FROM PP WHERE BDATE BETWEEN :from AND :to
UNION ALL
SELECT 'NEWBORN', n.HOSPCODE, n.PID, n.CID, n.BDATE, 0, c.cares, n.SUBMISSION, n.LINE
FROM NEWBORN AS n
JOIN care AS c ON c.HOSPCODE = n.HOSPCODE AND c.PID = n.PID
WHERE n.BDATE BETWEEN :from AND :to
