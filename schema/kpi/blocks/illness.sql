-- Who is known to be ill with what since when (kpi.md §2.0): a CHRONIC row or
-- a diagnosis. Only CHRONIC registers; active is TYPEDISCH neither cured nor
-- dead. A row of CHRONIC without a date is as old as can be.
-- use: known
-- table: kpi_illness
-- columns: person INTEGER, kind TEXT, since INTEGER, registered INTEGER, active INTEGER
-- key: person, kind
SELECT k.person, i.kind, min(i.since), max(i.registered), max(i.active)
FROM (
  SELECT hcode, pid, kind, since, 1 AS registered,
    CASE WHEN typedisch IN ('01', '1', '02', '2') THEN 0 ELSE 1 END AS active
  FROM (
    SELECT c.HOSPCODE AS hcode, c.PID AS pid, l.kind AS kind, c.TYPEDISCH AS typedisch,
      coalesce(c.DATE_DIAG, 0) AS since,
      row_number() OVER (
        PARTITION BY c.HOSPCODE, c.PID, c.CHRONIC
        ORDER BY CASE WHEN c.ROUND <= :round THEN -c.ROUND ELSE c.ROUND END, c.DATE_DIAG
      ) AS pick
    FROM CHRONIC AS c JOIN kpi_illness AS l ON l.code = substr(c.CHRONIC, 1, 3)
  ) AS r
  WHERE pick = 1
  UNION ALL
  SELECT d.HOSPCODE, d.PID, l.kind, d.DATE_SERV, 0, 0
  FROM DIAGNOSIS_OPD AS d JOIN kpi_illness AS l ON l.code = substr(d.DIAGCODE, 1, 3)
  UNION ALL
  SELECT d.HOSPCODE, d.PID, l.kind, CAST(substr(d.DATETIME_ADMIT, 1, 8) AS BIGINT), 0, 0
  FROM DIAGNOSIS_IPD AS d JOIN kpi_illness AS l ON l.code = substr(d.DIAGCODE, 1, 3)
) AS i
JOIN known AS k ON k.hcode = i.hcode AND k.pid = i.pid
GROUP BY k.person, i.kind
