-- Resident children to 5 years 11 months 29 days at the end of the period, and
-- whether they were weighed and measured in its last quarter.
-- use: resident, died, measured
-- alone: person
SELECT r.hcode AS hcode, r.person AS person, CASE WHEN d.died <= :end THEN 0 ELSE 1 END AS den,
  coalesce(m.usable, 0) AS num,
  CASE WHEN d.died <= :end THEN 'dead' WHEN m.usable = 0 THEN 'implausible' END AS reason,
  r.birth AS v_age, 1 AS c_age, d.died AS v_alive, CASE WHEN d.died <= :end THEN 0 ELSE 1 END AS c_alive,
  CASE WHEN m.person IS NULL THEN 0 ELSE 1 END AS c_measured, coalesce(m.usable, 0) AS c_plausible
FROM resident AS r
LEFT JOIN died AS d ON d.person = r.person
LEFT JOIN measured AS m ON m.person = r.person
WHERE r.birth BETWEEN :born_from AND :born_to
