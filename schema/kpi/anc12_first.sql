-- Residents with a visit before birth in the period and none of the same
-- pregnancy in the nine months before it, and whether the first was by the twelfth
-- week. Pregnancies are told apart by their number (which the 21 files may leave
-- out: without one a visit is of any). Where a registry was imported, only the
-- persons of the scheme count.
-- use: resident, antenatal, insured
-- alone: person
SELECT hcode, person, coalesce(c_insured, 1) * c_new AS den,
  coalesce(c_insured, 1) * c_new * c_early AS num,
  CASE WHEN c_insured = 0 THEN 'not_insured' WHEN c_new = 0 THEN 'earlier_visit' END AS reason,
  c_insured, c_new, v_early, c_early
FROM (
  SELECT r.hcode AS hcode, r.person AS person,
    CASE WHEN :registry = 0 THEN NULL WHEN min(g.person) IS NULL THEN 0 ELSE 1 END AS c_insured,
    CASE WHEN min(b.person) IS NULL THEN 1 ELSE 0 END AS c_new,
    min(CASE WHEN a.first_visit = 1 THEN a.weeks END) AS v_early,
    max(CASE WHEN a.first_visit = 1 AND a.weeks BETWEEN 0 AND :weeks THEN 1 ELSE 0 END) AS c_early
  FROM antenatal AS a
  JOIN resident AS r ON r.person = a.person
  LEFT JOIN antenatal AS b ON b.person = a.person AND b.day >= :since AND b.day < :start
    AND (a.gravida IS NULL OR b.gravida IS NULL OR b.gravida = a.gravida)
  LEFT JOIN insured AS g ON g.person = a.person
  WHERE a.day BETWEEN :start AND :end
  GROUP BY r.hcode, r.person, a.gravida
) AS x
