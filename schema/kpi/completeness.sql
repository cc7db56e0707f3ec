-- Months of the period that were over when the last archive came, for each
-- unit that sends (offices do not), and those of which visits are stored,
-- whoever sent them.
-- table: units, months
SELECT u.hcode AS hcode, CAST(m.month AS TEXT) AS person, 1 AS den,
  CASE WHEN s.hcode IS NULL THEN 0 ELSE 1 END AS num, NULL AS reason,
  m.month AS v_month, CASE WHEN s.hcode IS NULL THEN 0 ELSE 1 END AS c_sent
FROM units AS u
CROSS JOIN months AS m
LEFT JOIN (
  SELECT b.hcode AS hcode, t.month AS month
  FROM tally AS t JOIN submission AS b ON b.id = t.submission
  WHERE b.status <> 'void' AND t.file = 'SERVICE' AND t.accepted > 0
  UNION
  SELECT v.HOSPCODE, (v.DATE_SERV - v.DATE_SERV % 100) / 100
  FROM SERVICE AS v JOIN submission AS b ON b.id = v.SUBMISSION
  WHERE v.DATE_SERV BETWEEN :start AND :end AND b.hcode <> v.HOSPCODE
) AS s ON s.hcode = u.hcode AND s.month = m.month
WHERE u.type NOT IN ('01', '02')
