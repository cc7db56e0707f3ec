-- Resident children to 5 years 11 months 29 days at the end of the period, and
-- whether they were weighed and measured in its last quarter, not before birth by
-- the register that counts them.
-- use: resident, died, measured
-- alone: person
SELECT hcode, person, c_alive AS den, c_plausible AS num,
  CASE WHEN c_alive = 0 THEN 'dead' WHEN c_measured = 1 AND c_plausible = 0 THEN 'implausible' END AS reason,
  v_age, c_age, v_alive, c_alive, c_measured, c_plausible
FROM (
  SELECT r.hcode AS hcode, r.person AS person, r.birth AS v_age, 1 AS c_age, d.died AS v_alive,
    CASE WHEN d.died <= :end THEN 0 ELSE 1 END AS c_alive,
    CASE WHEN m.person IS NULL THEN 0 ELSE 1 END AS c_measured,
    CASE WHEN m.usable_on >= r.birth THEN 1 ELSE 0 END AS c_plausible
  FROM resident AS r
  LEFT JOIN died AS d ON d.person = r.person
  LEFT JOIN measured AS m ON m.person = r.person
  WHERE r.birth BETWEEN :born_from AND :born_to
) AS x
