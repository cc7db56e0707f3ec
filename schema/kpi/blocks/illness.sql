-- Who is known by the end of the period to be ill with what since when
-- [DHDC-2015; SUB-HDC]: a CHRONIC row or a diagnosis. What is dated after the end
-- counts for nothing. Only CHRONIC registers; active is TYPEDISCH neither cured nor dead.
-- Activity is decided for a person at a unit by each code, before codes and
-- units are put together: of several rows of a code in a round the first
-- diagnosis says since when, and the last one whether treatment goes on, for
-- who was cured once may be ill again. A row without a date is as old as can
-- be.
-- use: known, diagnosed
-- table: kpi_illness
-- columns: person INTEGER, kind TEXT, since INTEGER, registered INTEGER, active INTEGER
-- key: person, kind
SELECT person, kind, min(since), max(registered), max(active)
FROM (
  SELECT person, kind, since, 1 AS registered,
    CASE WHEN typedisch IN ('01', '1', '02', '2') THEN 0 ELSE 1 END AS active
  FROM (
    SELECT k.person AS person, l.kind AS kind, c.TYPEDISCH AS typedisch,
      min(coalesce(c.DATE_DIAG, 0)) OVER (
        PARTITION BY c.HOSPCODE, k.person, c.CHRONIC, c.ROUND
      ) AS since,
      row_number() OVER (
        PARTITION BY c.HOSPCODE, k.person, c.CHRONIC
        ORDER BY CASE WHEN c.ROUND <= :round THEN -c.ROUND ELSE c.ROUND END,
          coalesce(c.DATE_DIAG, 0) DESC,
          CASE WHEN c.TYPEDISCH IN ('01', '1', '02', '2') THEN 1 ELSE 0 END
      ) AS pick
    FROM CHRONIC AS c
    JOIN kpi_illness AS l ON l.code = substr(c.CHRONIC, 1, 3)
    JOIN known AS k ON k.hcode = c.HOSPCODE AND k.pid = c.PID
    WHERE coalesce(c.DATE_DIAG, 0) <= :end
  ) AS r
  WHERE pick = 1
  UNION ALL
  SELECT person, kind, since, 0, 0 FROM diagnosed WHERE since <= :end
) AS i
GROUP BY person, kind
