-- Resident newborns whose 42nd day after birth falls in the period, and
-- whether care was given in each of the three windows, or in the first two. A
-- report without room for a third date can say no more than the two.
-- use: resident, birth, child_care
-- table: calendar, care_windows
-- alone: person
SELECT hcode, person, c_birth * c_recorded AS den,
  c_birth * c_recorded * c_first * c_second * coalesce(c_third, 1) AS num,
  CASE WHEN c_recorded = 0 THEN 'no_third_date' END AS reason,
  v_birth, c_birth, c_recorded, c_first, c_second, c_third
FROM (
  SELECT r.hcode AS hcode, r.person AS person, b.born AS v_birth, 1 AS c_birth,
    CASE WHEN :visits = 2 THEN 1 ELSE b.three END AS c_recorded,
    max(CASE WHEN w.code = '1' THEN 1 ELSE 0 END) AS c_first,
    max(CASE WHEN w.code = '2' THEN 1 ELSE 0 END) AS c_second,
    CASE WHEN :visits = 3 THEN max(CASE WHEN w.code = '3' THEN 1 ELSE 0 END) END AS c_third
  FROM birth AS b
  JOIN resident AS r ON r.person = b.person
  JOIN calendar AS c ON c.day = b.born
  LEFT JOIN child_care AS v ON v.person = b.person
  LEFT JOIN calendar AS e ON e.day = v.day
  LEFT JOIN care_windows AS w ON e.n - c.n BETWEEN w.first_n AND w.last_n
  WHERE b.born BETWEEN :born_from AND :born_to
  GROUP BY r.hcode, r.person, b.born, b.three
) AS x
