-- Deliveries with the dates on which the mother was cared for afterwards: MCH
-- of the 21 files, LABOR with POSTNATAL of the 43. A delivery that a unit sent
-- in both standards scores once. A date of the second care says that there was
-- a first, of which the day (0) is not known.
WITH care AS (
  SELECT HOSPCODE, PID, CAST(GRAVIDA AS INTEGER) AS gravida,
         group_concat(PPCARE || '/' || SUBMISSION, ' ') AS cares
  FROM POSTNATAL WHERE SUBMISSION <= :as_of GROUP BY 1, 2, 3
)
SELECT 'MCH' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, BDATE AS day,
       CAST(GRAVIDA AS INTEGER) AS once,
       coalesce(coalesce(PPCARE1, iif(PPCARE2 IS NULL, NULL, 0)) || '/' || SUBMISSION, '')
         || coalesce(' ' || PPCARE2 || '/' || SUBMISSION, '')
         || coalesce(' ' || PPCARE3 || '/' || SUBMISSION, '') AS cares,
       SUBMISSION AS sub, LINE AS line
FROM MCH WHERE BDATE BETWEEN :from AND :to
UNION ALL
SELECT 'LABOR', l.HOSPCODE, l.PID, l.CID, l.BDATE, CAST(l.GRAVIDA AS INTEGER), c.cares,
       l.SUBMISSION, l.LINE
FROM LABOR AS l
JOIN care AS c ON c.HOSPCODE = l.HOSPCODE AND c.PID = l.PID
              AND c.gravida = CAST(l.GRAVIDA AS INTEGER)
WHERE l.BDATE BETWEEN :from AND :to
