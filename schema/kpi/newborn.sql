-- Resident newborns whose 42nd day after birth falls in the period, and
-- whether care was given in each of the three windows. A report without room
-- for a third date cannot say.
-- use: resident, birth, child_care
-- table: calendar, care_windows
SELECT hcode, person, c_birth * three AS den, c_birth * three * c_first * c_second * c_third AS num,
  CASE WHEN three = 0 THEN 'no_third_date' END AS reason,
  v_birth, c_birth, three AS c_recorded, c_first, c_second, c_third
FROM (
  SELECT r.hcode AS hcode, r.person AS person, b.born AS v_birth, 1 AS c_birth,
    b.three AS three,
    max(CASE WHEN w.code = '1' THEN 1 ELSE 0 END) AS c_first,
    max(CASE WHEN w.code = '2' THEN 1 ELSE 0 END) AS c_second,
    max(CASE WHEN w.code = '3' THEN 1 ELSE 0 END) AS c_third
  FROM birth AS b
  JOIN resident AS r ON r.person = b.person
  JOIN calendar AS c ON c.day = b.born
  LEFT JOIN child_care AS v ON v.person = b.person
  LEFT JOIN calendar AS e ON e.day = v.day
  LEFT JOIN care_windows AS w ON e.n - c.n BETWEEN w.first_n AND w.last_n
  WHERE b.born BETWEEN :born_from AND :born_to
  GROUP BY r.hcode, r.person, b.born, b.three
) AS x
