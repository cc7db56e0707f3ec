-- Outpatient visits, and those with Thai traditional medicine of a kind.
-- use: opvisit
-- alone: unit
SELECT hcode, pid AS person, 1 AS den, c_kind AS num, NULL AS reason, v_day, c_kind
FROM (
  SELECT hcode, pid, day AS v_day, CASE :kind WHEN 'massage' THEN massage WHEN 'compress' THEN compress
    WHEN 'steam' THEN steam WHEN 'postpartum' THEN postpartum WHEN 'herbal' THEN herbal
    ELSE ttm END AS c_kind
  FROM opvisit
) AS x
