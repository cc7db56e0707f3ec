-- Each illness for itself; of fewer patients nothing is said, so that a few who
-- are sent after the register do not look like many.
-- use: patients, known
-- table: kpi_illness
-- alone: unit
SELECT n.hcode AS hcode, n.kind AS part, n.patients AS numerator, a.persons AS denominator
FROM (
  SELECT c.hcode AS hcode, l.kind AS kind, count(DISTINCT c.pid) AS patients
  FROM patients AS c
  JOIN kpi_illness AS l ON l.code = substr(c.code, 1, 3)
  JOIN known AS p ON p.hcode = c.hcode AND p.pid = c.pid AND p.resident = 1
  WHERE l.kind IN ('DM', 'HT')
  GROUP BY c.hcode, l.kind HAVING count(DISTINCT c.pid) >= :fewest
) AS n
JOIN (
  SELECT hcode, count(*) AS persons FROM known
  WHERE resident = 1 AND (:to - birth) / 10000 >= :least GROUP BY hcode
) AS a ON a.hcode = n.hcode
