-- use: dose, known
-- table: vaccine, calendar
-- alone: unit
SELECT 'EPI' AS file, d.sub AS sub, d.line AS line, d.hcode AS hcode, d.pid AS pid, d.day AS day,
  d.code AS v_vaccine, d.n - b.n AS v_age_days, v.min_days_n AS v_least_days, v.max_days_n AS v_most_days
FROM dose AS d
JOIN known AS p ON p.hcode = d.hcode AND p.pid = d.pid
JOIN vaccine AS v ON v.code = d.code AND v.min_days_n IS NOT NULL
JOIN calendar AS b ON b.day = p.birth
WHERE d.day BETWEEN :from AND :to
  AND (d.n - b.n < v.min_days_n - :grace OR d.n - b.n > v.max_days_n OR d.n < b.n)
