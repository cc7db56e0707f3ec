-- Visits for an infection of a kind, and those at which an antibiotic was
-- given. A visit is what has one number (SEQ) of a person at a unit. Where a
-- registry was imported, only the visits of persons of the scheme count.
-- use: infection, antibiotic_visit, known, insured
-- alone: unit
SELECT hcode, person, coalesce(c_insured, 1) AS den, coalesce(c_insured, 1) * c_antibiotic AS num,
  CASE WHEN c_insured = 0 THEN 'not_insured' END AS reason, v_day, c_insured, c_antibiotic
FROM (
  SELECT i.hcode AS hcode, i.pid AS person, i.day AS v_day,
    CASE WHEN :registry = 0 THEN NULL WHEN g.person IS NULL THEN 0 ELSE 1 END AS c_insured,
    CASE WHEN a.hcode IS NULL THEN 0 ELSE 1 END AS c_antibiotic
  FROM infection AS i
  LEFT JOIN antibiotic_visit AS a ON a.hcode = i.hcode AND a.pid = i.pid AND a.seq = i.seq
  LEFT JOIN known AS k ON k.hcode = i.hcode AND k.pid = i.pid
  LEFT JOIN insured AS g ON g.person = k.person
  WHERE i.kind = :kind
) AS x
