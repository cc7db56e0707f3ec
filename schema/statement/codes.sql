-- How often each code was given in the same archives, of those that stand, and
-- as what: the same code may be a warning in one standard and an error in the
-- other.
SELECT c.code, s.standard, c.severity, sum(c.total)
FROM submission AS s JOIN finding_total AS c ON c.submission = s.id
WHERE s.hcode = :hcode AND s.id <= :as_of AND s.status IN ('accepted', 'partial')
  AND (s.round = :round
       OR EXISTS (SELECT 1 FROM tally AS m WHERE m.submission = s.id
                  AND m.received > 0 AND m.month BETWEEN :from AND :to))
GROUP BY c.code, s.standard, c.severity
ORDER BY c.code, s.standard, c.severity
