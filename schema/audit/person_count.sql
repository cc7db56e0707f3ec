-- Against the registry; without one, against the round before.
-- use: residents
-- alone: unit
SELECT r.hcode AS hcode, r.persons AS numerator, h.persons AS denominator
FROM (SELECT hcode, count(*) AS persons FROM residents GROUP BY hcode) AS r
JOIN (
  SELECT hcode, sum(persons) AS persons FROM registry_heads
  WHERE :registry = 1 AND registry = (SELECT max(id) FROM registry) AND hcode <> ''
  GROUP BY hcode
  UNION ALL
  SELECT HOSPCODE, count(*) FROM PERSON
  WHERE :registry = 0 AND ROUND = :round - 1 AND TYPEAREA IN ('1', '3') AND DISCHARGE = '9'
    AND SUBMISSION <= :as_of
  GROUP BY HOSPCODE
) AS h ON h.hcode = r.hcode
