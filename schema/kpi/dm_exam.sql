-- Residents with diabetes in treatment, and whether an eye or a foot was
-- examined in the period.
-- use: resident, died, illness, followup
-- alone: person
SELECT hcode, person, c_active * c_alive AS den, c_active * c_alive * c_examined AS num,
  CASE WHEN c_active = 0 THEN 'inactive' WHEN c_alive = 0 THEN 'dead' END AS reason,
  c_active, v_alive, c_alive, c_examined
FROM (
  SELECT r.hcode AS hcode, r.person AS person, i.active AS c_active, d.died AS v_alive,
    CASE WHEN d.died < :start THEN 0 ELSE 1 END AS c_alive,
    coalesce(CASE WHEN :exam = 'eye' THEN f.eye ELSE f.foot END, 0) AS c_examined
  FROM illness AS i
  JOIN resident AS r ON r.person = i.person
  LEFT JOIN died AS d ON d.person = i.person
  LEFT JOIN followup AS f ON f.person = i.person
  WHERE i.kind = 'DM' AND i.registered = 1
) AS x
