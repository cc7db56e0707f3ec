-- Weight from ten years on by the body mass index, as 8 to 60 kg/m2.
-- use: growth
-- table: growth_limits
-- alone: unit
SELECT 'NUTRITION' AS file, g.sub AS sub, g.line AS line, g.hcode AS hcode, g.pid AS pid, g.day AS day,
  g.months AS v_months, g.kg / 10 || '.' || g.kg % 10 AS v_kg, g.cm / 10 || '.' || g.cm % 10 AS v_cm
FROM growth AS g
LEFT JOIN growth_limits AS l ON l.sex = g.sex AND g.months BETWEEN l.from_month_n AND l.to_month_n
WHERE g.months < 0
  OR g.cm NOT BETWEEN l.cm_min_n * 10 AND l.cm_max_n * 10
  OR g.kg NOT BETWEEN l.kg10_min_n AND l.kg10_max_n
  OR (g.months BETWEEN 120 AND 227
    AND (g.kg * 100000 < :thin * g.cm * g.cm OR g.kg * 100000 > :stout * g.cm * g.cm))
