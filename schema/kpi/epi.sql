-- Residents who reach an age in the period, and whether their doses are all
-- there: of each antigen that the schedule of the year asks for at least one
-- way through its series, each dose after the one it follows, from birth to the
-- birthday or ever. A year that does not ask for the antigen has no answer.
-- use: resident, died, dose
-- table: epi_series
-- alone: person
WITH need AS (
  SELECT DISTINCT antigen FROM epi_series
  WHERE age_n = :age AND :year BETWEEN from_n AND to_n AND (:antigen = 'ALL' OR antigen = :antigen)
),
child AS (
  SELECT r.person AS person, r.hcode AS hcode, r.birth AS birth,
    CASE WHEN :by = 'birthday' THEN r.birth + :age * 10000 ELSE :end END AS last_day
  FROM resident AS r WHERE r.birth BETWEEN :born_from AND :born_to
),
way AS (
  SELECT c.person AS person, c.hcode AS hcode, e.antigen AS antigen, e.way_n AS way_n, e.doses_n AS doses_n,
    count(DISTINCT e.code) AS given
  FROM child AS c
  JOIN dose AS d ON d.person = c.person AND d.day BETWEEN c.birth AND c.last_day
  JOIN epi_series AS e ON e.code = d.code AND e.age_n = :age AND :year BETWEEN e.from_n AND e.to_n
  WHERE e.after IS NULL OR EXISTS (
    SELECT 1 FROM dose AS f
    WHERE f.person = d.person AND f.code = e.after AND f.day < d.day AND f.day >= c.birth
  )
  GROUP BY c.person, c.hcode, e.antigen, e.way_n, e.doses_n
),
got AS (
  SELECT DISTINCT w.person AS person, w.hcode AS hcode, w.antigen AS antigen
  FROM way AS w JOIN need AS n ON n.antigen = w.antigen
  WHERE w.given = w.doses_n
),
kid AS (
  SELECT person, hcode, count(*) AS antigens,
    max(CASE WHEN antigen = 'BCG' THEN 1 ELSE 0 END) AS bcg,
    max(CASE WHEN antigen = 'HBV1' THEN 1 ELSE 0 END) AS hbv1,
    max(CASE WHEN antigen = 'DTP3' THEN 1 ELSE 0 END) AS dtp3,
    max(CASE WHEN antigen = 'OPV3' THEN 1 ELSE 0 END) AS opv3,
    max(CASE WHEN antigen = 'MMR1' THEN 1 ELSE 0 END) AS mmr1,
    max(CASE WHEN antigen = 'IPV' THEN 1 ELSE 0 END) AS ipv,
    max(CASE WHEN antigen = 'DTP4' THEN 1 ELSE 0 END) AS dtp4,
    max(CASE WHEN antigen = 'OPV4' THEN 1 ELSE 0 END) AS opv4,
    max(CASE WHEN antigen = 'JE2' THEN 1 ELSE 0 END) AS je2,
    max(CASE WHEN antigen = 'MMR2' THEN 1 ELSE 0 END) AS mmr2,
    max(CASE WHEN antigen = 'JE3' THEN 1 ELSE 0 END) AS je3,
    max(CASE WHEN antigen = 'DTP5' THEN 1 ELSE 0 END) AS dtp5,
    max(CASE WHEN antigen = 'OPV5' THEN 1 ELSE 0 END) AS opv5
  FROM got GROUP BY person, hcode
)
SELECT r.hcode AS hcode, r.person AS person,
  CASE WHEN d.died <= :end THEN 0 ELSE 1 END AS den,
  CASE WHEN k.antigens = (SELECT count(*) FROM need) THEN 1 ELSE 0 END AS num,
  CASE WHEN d.died <= :end THEN 'dead' END AS reason,
  r.birth AS v_age, 1 AS c_age, d.died AS v_alive, CASE WHEN d.died <= :end THEN 0 ELSE 1 END AS c_alive,
  CASE WHEN 'BCG' IN (SELECT antigen FROM need) THEN coalesce(k.bcg, 0) END AS c_bcg,
  CASE WHEN 'HBV1' IN (SELECT antigen FROM need) THEN coalesce(k.hbv1, 0) END AS c_hbv1,
  CASE WHEN 'DTP3' IN (SELECT antigen FROM need) THEN coalesce(k.dtp3, 0) END AS c_dtp3,
  CASE WHEN 'OPV3' IN (SELECT antigen FROM need) THEN coalesce(k.opv3, 0) END AS c_opv3,
  CASE WHEN 'MMR1' IN (SELECT antigen FROM need) THEN coalesce(k.mmr1, 0) END AS c_mmr1,
  CASE WHEN 'IPV' IN (SELECT antigen FROM need) THEN coalesce(k.ipv, 0) END AS c_ipv,
  CASE WHEN 'DTP4' IN (SELECT antigen FROM need) THEN coalesce(k.dtp4, 0) END AS c_dtp4,
  CASE WHEN 'OPV4' IN (SELECT antigen FROM need) THEN coalesce(k.opv4, 0) END AS c_opv4,
  CASE WHEN 'JE2' IN (SELECT antigen FROM need) THEN coalesce(k.je2, 0) END AS c_je2,
  CASE WHEN 'MMR2' IN (SELECT antigen FROM need) THEN coalesce(k.mmr2, 0) END AS c_mmr2,
  CASE WHEN 'JE3' IN (SELECT antigen FROM need) THEN coalesce(k.je3, 0) END AS c_je3,
  CASE WHEN 'DTP5' IN (SELECT antigen FROM need) THEN coalesce(k.dtp5, 0) END AS c_dtp5,
  CASE WHEN 'OPV5' IN (SELECT antigen FROM need) THEN coalesce(k.opv5, 0) END AS c_opv5
FROM resident AS r
LEFT JOIN died AS d ON d.person = r.person
LEFT JOIN kid AS k ON k.person = r.person AND k.hcode = r.hcode
WHERE r.birth BETWEEN :born_from AND :born_to AND EXISTS (SELECT 1 FROM need)
