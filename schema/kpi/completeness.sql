-- Months of the period that were over when the last archive came, for each
-- unit of a type that sends in that year, and those of which visits are stored,
-- whoever sent them.
-- table: units, months, kpi_sending
-- alone: unit
SELECT u.hcode AS hcode, CAST(m.month AS TEXT) AS person, 1 AS den,
  CASE WHEN s.hcode IS NULL THEN 0 ELSE 1 END AS num, NULL AS reason,
  m.month AS v_month, CASE WHEN s.hcode IS NULL THEN 0 ELSE 1 END AS c_sent
FROM units AS u
JOIN kpi_sending AS t ON t.code = u.type AND :year BETWEEN t.from_n AND t.to_n
CROSS JOIN months AS m
LEFT JOIN (
  SELECT DISTINCT HOSPCODE AS hcode, (DATE_SERV - DATE_SERV % 100) / 100 AS month
  FROM SERVICE
  WHERE DATE_SERV BETWEEN :start AND :end
) AS s ON s.hcode = u.hcode AND s.month = m.month
