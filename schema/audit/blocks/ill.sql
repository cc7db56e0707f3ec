-- Since when a unit has somebody in a register of the chronically ill, neither
-- cured nor dead, by illness. A row without a date is as old as can be.
-- table: kpi_illness
-- columns: hcode TEXT, pid TEXT, kind TEXT, since INTEGER
-- key: hcode, pid, kind
SELECT c.HOSPCODE, c.PID, l.kind, min(coalesce(c.DATE_DIAG, 0))
FROM CHRONIC AS c JOIN kpi_illness AS l ON l.code = substr(c.CHRONIC, 1, 3)
WHERE c.SUBMISSION <= :as_of AND c.ROUND <= :round + 1
  AND coalesce(c.TYPEDISCH, '') NOT IN ('01', '1', '02', '2')
GROUP BY c.HOSPCODE, c.PID, l.kind
