-- Each illness for itself.
-- use: chronic, person
-- table: kpi_illness
SELECT n.hcode AS hcode, n.kind AS part, n.patients AS numerator, a.persons AS denominator
FROM (
  SELECT c.hcode AS hcode, l.kind AS kind, count(DISTINCT c.pid) AS patients
  FROM chronic AS c
  JOIN kpi_illness AS l ON l.code = substr(c.code, 1, 3)
  JOIN person AS p ON p.hcode = c.hcode AND p.pid = c.pid AND p.resident = 1
  WHERE l.kind IN ('DM', 'HT')
  GROUP BY c.hcode, l.kind
) AS n
JOIN (
  SELECT hcode, count(*) AS persons FROM person
  WHERE resident = 1 AND (:to - birth) / 10000 >= :least GROUP BY hcode
) AS a ON a.hcode = n.hcode
