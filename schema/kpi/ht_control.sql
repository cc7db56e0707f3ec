-- Residents with high blood pressure in treatment, and whether their last
-- reading of the period is below both limits.
-- use: resident, died, illness, pressure
-- alone: person
SELECT hcode, person, c_active * c_alive AS den, c_active * c_alive * c_measured * c_low AS num,
  CASE WHEN c_active = 0 THEN 'inactive' WHEN c_alive = 0 THEN 'dead' END AS reason,
  c_active, v_alive, c_alive, c_measured, v_low, c_low
FROM (
  SELECT r.hcode AS hcode, r.person AS person, i.active AS c_active, d.died AS v_alive,
    CASE WHEN d.died < :start THEN 0 ELSE 1 END AS c_alive,
    CASE WHEN b.person IS NULL THEN 0 ELSE 1 END AS c_measured, b.last % 10000000000 AS v_low,
    CASE WHEN b.last % 100000 < :dbp_below * 100 AND b.last % 10000000000 < :sbp_below * 10000000
      THEN 1 ELSE 0 END AS c_low
  FROM illness AS i
  JOIN resident AS r ON r.person = i.person
  LEFT JOIN died AS d ON d.person = i.person
  LEFT JOIN pressure AS b ON b.person = i.person
  WHERE i.kind = 'HT' AND i.registered = 1
) AS x
