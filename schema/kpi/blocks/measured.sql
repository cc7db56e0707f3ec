-- Children weighed and measured in the quarter in which the period ends, and the
-- last day with weight 0.1-300 kg and height 40-250 cm [QOF-2560; ANAMAI-KPI].
-- use: known
-- columns: person INTEGER, usable_on INTEGER
-- key: person
SELECT k.person, max(CASE
  WHEN CAST(round(n.WEIGHT * 1000000) AS BIGINT) BETWEEN 100000 AND 300000000
   AND CAST(round(n.HEIGHT * 1000000) AS BIGINT) BETWEEN 40000000 AND 250000000
  THEN n.DATE_SERV END)
FROM NUTRITION AS n JOIN known AS k ON k.hcode = n.HOSPCODE AND k.pid = n.PID
WHERE n.DATE_SERV BETWEEN :quarter_start AND :end
GROUP BY k.person
