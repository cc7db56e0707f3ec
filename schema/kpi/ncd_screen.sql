-- Residents of an age who were not ill before the year began, and whether one
-- screening of theirs counts [OPPP-2557 s. 19]: persons, not visits. Where a scheme is
-- asked for and a registry was imported, only its persons count.
-- use: resident, died, illness, screened, insured
-- alone: person
SELECT hcode, person, c_age * c_alive * coalesce(c_insured, 1) * c_well AS den,
  c_age * c_alive * coalesce(c_insured, 1) * c_well * c_usable AS num,
  CASE WHEN c_age = 0 THEN NULL WHEN c_alive = 0 THEN 'dead' WHEN c_insured = 0 THEN 'not_insured' WHEN c_well = 0 THEN 'ill'
    WHEN c_usable = 1 OR c_screened = 0 THEN NULL WHEN c_living = 0 THEN 'screened_after_death'
    WHEN c_outside = 0 THEN 'admitted' ELSE 'unusable' END AS reason,
  v_age, c_age, v_alive, c_alive, c_insured, v_well, c_well, c_screened, c_living, c_outside, c_usable, v_class
FROM (
  SELECT r.hcode AS hcode, r.person AS person, r.birth AS v_age,
    CASE WHEN r.birth BETWEEN :born_from AND :born_to THEN 1 ELSE 0 END AS c_age,
    d.died AS v_alive, CASE WHEN d.died < :start THEN 0 ELSE 1 END AS c_alive,
    CASE WHEN :scheme = '' OR :registry = 0 THEN NULL WHEN g.person IS NULL THEN 0 ELSE 1 END AS c_insured,
    i.since AS v_well, CASE WHEN i.since < :year_start THEN 0 ELSE 1 END AS c_well,
    CASE WHEN s.person IS NULL THEN 0 ELSE 1 END AS c_screened, coalesce(s.alive, 0) AS c_living,
    coalesce(s.free, 0) AS c_outside, coalesce(s.usable, 0) AS c_usable, s.last % 10 AS v_class
  FROM resident AS r
  LEFT JOIN died AS d ON d.person = r.person
  LEFT JOIN illness AS i ON i.person = r.person AND i.kind = :kind
  LEFT JOIN insured AS g ON g.person = r.person
  LEFT JOIN screened AS s ON s.person = r.person AND s.kind = :kind
) AS x
