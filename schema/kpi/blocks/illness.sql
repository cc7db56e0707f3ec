-- Who is known to be ill with what since when (kpi.md §2.0): a CHRONIC row or
-- a diagnosis. Only CHRONIC registers; active is TYPEDISCH neither cured nor
-- dead. Of several rows of a code in a round the first diagnosis says since
-- when, and the last one whether treatment goes on: who was cured once may be
-- ill again. A row without a date is as old as can be.
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
      min(coalesce(c.DATE_DIAG, 0)) OVER (
        PARTITION BY c.HOSPCODE, c.PID, c.CHRONIC, c.ROUND
      ) AS since,
      row_number() OVER (
        PARTITION BY c.HOSPCODE, c.PID, c.CHRONIC
        ORDER BY CASE WHEN c.ROUND <= :round THEN -c.ROUND ELSE c.ROUND END,
          coalesce(c.DATE_DIAG, 0) DESC
      ) AS pick
    FROM CHRONIC AS c JOIN kpi_illness AS l ON l.code = substr(c.CHRONIC, 1, 3)
  ) AS r
  WHERE pick = 1
  UNION ALL
  SELECT d.HOSPCODE, d.PID, l.kind, d.DATE_SERV, 0, 0
  FROM DIAGNOSIS_OPD AS d JOIN kpi_illness AS l ON l.code = substr(d.DIAGCODE, 1, 3)
  UNION ALL
  SELECT d.HOSPCODE, d.PID, l.kind, (d.DATETIME_ADMIT - d.DATETIME_ADMIT % 1000000) / 1000000, 0, 0
  FROM DIAGNOSIS_IPD AS d JOIN kpi_illness AS l ON l.code = substr(d.DIAGCODE, 1, 3)
) AS i
JOIN known AS k ON k.hcode = i.hcode AND k.pid = i.pid
GROUP BY k.person, i.kind
