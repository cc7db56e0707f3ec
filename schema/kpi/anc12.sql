-- Residents whose pregnancy ended in the period, not by abortion, and who had
-- a visit by the twelfth week of that pregnancy, at any place. Visits belong
-- to the pregnancy by its number (which the 21 files may leave out) and by the
-- days before its end.
-- use: resident, delivery, antenatal
-- table: calendar
-- alone: person
SELECT hcode, person, 1 - abortion AS den, (1 - abortion) * c_early AS num,
  CASE WHEN abortion = 1 THEN 'abortion' END AS reason,
  v_birth, 1 - abortion AS c_birth, c_visited, v_early, c_early
FROM (
  SELECT r.hcode AS hcode, r.person AS person, b.born AS v_birth, b.abortion AS abortion,
    CASE WHEN min(a.weeks) IS NULL THEN 0 ELSE 1 END AS c_visited, min(a.weeks) AS v_early,
    CASE WHEN min(a.weeks) <= :weeks THEN 1 ELSE 0 END AS c_early
  FROM delivery AS b
  JOIN resident AS r ON r.person = b.person
  JOIN calendar AS c ON c.day = b.born
  LEFT JOIN antenatal AS a ON a.person = b.person AND (a.gravida IS NULL OR a.gravida BETWEEN b.gravida AND b.gravida_to)
    AND a.n <= c.n AND a.n >= c.n - :longest AND a.weeks >= 0
  WHERE b.born BETWEEN :start AND :end
  GROUP BY r.hcode, r.person, b.born, b.abortion
) AS x
