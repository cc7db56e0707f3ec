-- Residents whose pregnancy ended in the period, not by abortion, and who had
-- a visit in each of the five windows of that pregnancy. Visits belong to it
-- as in anc12.
-- use: resident, delivery, antenatal
-- table: calendar, anc_windows
-- alone: person
SELECT hcode, person, 1 - abortion AS den,
  (1 - abortion) * c_first * c_second * c_third * c_fourth * c_fifth AS num,
  CASE WHEN abortion = 1 THEN 'abortion' END AS reason,
  v_birth, 1 - abortion AS c_birth, c_first, c_second, c_third, c_fourth, c_fifth
FROM (
  SELECT r.hcode AS hcode, r.person AS person, b.born AS v_birth, b.abortion AS abortion,
    max(CASE WHEN w.code = '1' THEN 1 ELSE 0 END) AS c_first,
    max(CASE WHEN w.code = '2' THEN 1 ELSE 0 END) AS c_second,
    max(CASE WHEN w.code = '3' THEN 1 ELSE 0 END) AS c_third,
    max(CASE WHEN w.code = '4' THEN 1 ELSE 0 END) AS c_fourth,
    max(CASE WHEN w.code = '5' THEN 1 ELSE 0 END) AS c_fifth
  FROM delivery AS b
  JOIN resident AS r ON r.person = b.person
  JOIN calendar AS c ON c.day = b.born
  LEFT JOIN antenatal AS a ON a.person = b.person AND (a.gravida IS NULL OR a.gravida BETWEEN b.gravida AND b.gravida_to)
    AND a.n <= c.n AND a.n >= c.n - :longest
  LEFT JOIN anc_windows AS w ON a.weeks BETWEEN w.first_n AND w.last_n
    AND :year BETWEEN w.from_n AND w.to_n
  WHERE b.born BETWEEN :start AND :end
  GROUP BY r.hcode, r.person, b.born, b.abortion
) AS x
