-- use: known, ill
-- alone: unit
SELECT s.hcode AS hcode, s.persons AS numerator, t.persons AS denominator
FROM (
  SELECT HOSPCODE AS hcode, count(DISTINCT PID) AS persons FROM NCDSCREEN
  WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of GROUP BY HOSPCODE
) AS s
JOIN (
  SELECT p.hcode AS hcode, count(*) AS persons
  FROM known AS p
  LEFT JOIN ill AS d ON d.hcode = p.hcode AND d.pid = p.pid AND d.kind = 'DM' AND d.since < :from
  LEFT JOIN ill AS h ON h.hcode = p.hcode AND h.pid = p.pid AND h.kind = 'HT' AND h.since < :from
  WHERE p.resident = 1 AND (:to - p.birth) / 10000 >= :least AND (d.since IS NULL OR h.since IS NULL)
  GROUP BY p.hcode
) AS t ON t.hcode = s.hcode
