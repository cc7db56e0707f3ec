-- Of those who count as screened, who falls into a class.
-- use: resident, died, illness, screened
-- alone: person
SELECT r.hcode AS hcode, r.person AS person, 1 AS den,
  CASE WHEN s.last % 10 = :class THEN 1 ELSE 0 END AS num, NULL AS reason,
  s.last % 10 AS v_class, CASE WHEN s.last % 10 = :class THEN 1 ELSE 0 END AS c_class
FROM resident AS r
JOIN screened AS s ON s.person = r.person AND s.kind = :kind AND s.usable = 1
LEFT JOIN died AS d ON d.person = r.person
LEFT JOIN illness AS i ON i.person = r.person AND i.kind = :kind
WHERE r.birth BETWEEN :born_from AND :born_to AND (d.died IS NULL OR d.died >= :start)
  AND (i.since IS NULL OR i.since >= :year_start)
