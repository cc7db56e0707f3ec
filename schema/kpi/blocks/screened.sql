-- What the screenings of a person come to, by illness: whether any was done
-- while alive, outside a ward, with a result that can be classed; and the
-- class of the last such one (1 normal, 2 risk, 3 suspected).
-- use: screening
-- table: ncd_risk
-- columns: person INTEGER, kind TEXT, alive INTEGER, free INTEGER, usable INTEGER, last INTEGER
-- key: person, kind
SELECT person, kind, max(1 - dead), max((1 - dead) * (1 - admitted)),
  max(CASE WHEN dead + admitted = 0 AND class > 0 THEN 1 ELSE 0 END),
  max(CASE WHEN dead + admitted = 0 AND class > 0 THEN day * 10 + class END)
FROM (
  SELECT s.person AS person, 'DM' AS kind, s.dead AS dead, s.admitted AS admitted, s.day AS day,
    CASE WHEN s.sugar > 0 AND r.ill_n IS NOT NULL
      THEN CASE WHEN s.sugar >= r.ill_n * 10000 THEN 3 WHEN s.sugar >= r.risk_n * 10000 THEN 2 ELSE 1 END
      ELSE 0 END AS class
  FROM screening AS s
  LEFT JOIN ncd_risk AS r ON r.kind = 'DM' AND r.code = s.test AND :year BETWEEN r.from_n AND r.to_n
  UNION ALL
  SELECT s.person, 'HT', s.dead, s.admitted, s.day,
    CASE WHEN s.sbp_1 > 50 AND s.dbp_1 > 50 AND p.ill_n IS NOT NULL AND q.ill_n IS NOT NULL
      THEN CASE WHEN s.sbp >= p.ill_n OR s.dbp >= q.ill_n THEN 3
                WHEN s.sbp >= p.risk_n OR s.dbp >= q.risk_n THEN 2 ELSE 1 END
      ELSE 0 END
  FROM screening AS s
  LEFT JOIN ncd_risk AS p ON p.kind = 'HT' AND p.code = 'SBP' AND :year BETWEEN p.from_n AND p.to_n
  LEFT JOIN ncd_risk AS q ON q.kind = 'HT' AND q.code = 'DBP' AND :year BETWEEN q.from_n AND q.to_n
) AS c
GROUP BY person, kind
