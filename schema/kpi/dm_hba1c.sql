-- Residents with diabetes in treatment, and their last HbA1c of the period:
-- whether there is one, and whether it is below a limit (hundredths). It is
-- compared as it was sent, and shown cut to hundredths.
-- use: resident, died, illness, hba1c
-- alone: person
SELECT hcode, person, c_active * c_alive AS den, c_active * c_alive * c_tested * c_low AS num,
  CASE WHEN c_active = 0 THEN 'inactive' WHEN c_alive = 0 THEN 'dead' END AS reason,
  c_active, v_alive, c_alive, c_tested, v_low, c_low
FROM (
  SELECT r.hcode AS hcode, r.person AS person, i.active AS c_active, d.died AS v_alive,
    CASE WHEN d.died < :start THEN 0 ELSE 1 END AS c_alive,
    CASE WHEN h.person IS NULL THEN 0 ELSE 1 END AS c_tested,
    (h.last % 10000000000 - h.last % 1000000) / 1000000 AS v_low,
    CASE WHEN h.last % 10000000000 < :below * 1000000 THEN 1 ELSE 0 END AS c_low
  FROM illness AS i
  JOIN resident AS r ON r.person = i.person
  LEFT JOIN died AS d ON d.person = i.person
  LEFT JOIN hba1c AS h ON h.person = i.person
  WHERE i.kind = 'DM' AND i.registered = 1
) AS x
