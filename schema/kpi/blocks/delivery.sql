-- Ends of pregnancies, once for a woman and a day, whoever reported them:
-- LABOR, or MCH of the 21 files. Reports may number the pregnancy differently:
-- from gravida to gravida_to. Three is 1 where the report has room for a third
-- date of care: a layout of MCH without PPCARE3 cannot say.
-- use: known, mch_third
-- columns: person INTEGER, born INTEGER, gravida INTEGER, gravida_to INTEGER, abortion INTEGER, three INTEGER
-- key: person, born
SELECT k.person, b.born, min(b.gravida), max(b.gravida),
  min(CASE WHEN b.btype = '6' THEN 1 ELSE 0 END), max(b.three)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, BDATE AS born,
    CASE WHEN trim(GRAVIDA, '0123456789') = '' AND length(GRAVIDA) <= 9
      THEN CAST(GRAVIDA AS BIGINT) END AS gravida,
    BTYPE AS btype, 1 AS three
  FROM LABOR WHERE BDATE IS NOT NULL
  UNION ALL
  SELECT HOSPCODE, PID, BDATE,
    CASE WHEN trim(GRAVIDA, '0123456789') = '' AND length(GRAVIDA) <= 9
      THEN CAST(GRAVIDA AS BIGINT) END,
    BTYPE,
    CASE WHEN HOSPCODE IN (SELECT hcode FROM mch_third) THEN 1 ELSE 0 END
  FROM MCH WHERE BDATE IS NOT NULL
) AS b
JOIN known AS k ON k.hcode = b.hcode AND k.pid = b.pid
WHERE b.born BETWEEN :year_start - 10000 AND :end
GROUP BY k.person, b.born
