-- Visits for an infection of a kind, and those at which an antibiotic was given.
-- use: infection, antibiotic_visit
-- alone: unit
SELECT i.hcode AS hcode, i.pid AS person, 1 AS den, CASE WHEN a.hcode IS NULL THEN 0 ELSE 1 END AS num,
  NULL AS reason, i.day AS v_day, CASE WHEN a.hcode IS NULL THEN 0 ELSE 1 END AS c_antibiotic
FROM infection AS i
LEFT JOIN antibiotic_visit AS a
  ON a.hcode = i.hcode AND a.pid = i.pid AND a.seq = i.seq AND a.day = i.day
WHERE i.kind = :kind
