-- From the first dose before that any form of the vaccine can have been; with
-- none on record there is nothing to say.
-- use: dose
-- table: vaccine
-- alone: unit
SELECT 'EPI' AS file, d.sub AS sub, d.line AS line, d.hcode AS hcode, d.pid AS pid, d.day AS day,
  d.code AS v_vaccine, d.n - min(b.n) AS v_days, v.gap_days_n AS v_least_days
FROM dose AS d
JOIN vaccine AS v ON v.code = d.code AND v.after IS NOT NULL
JOIN dose AS b ON b.hcode = d.hcode AND b.pid = d.pid
  AND instr('|' || v.after || '|', '|' || b.code || '|') > 0
WHERE d.day BETWEEN :from AND :to
GROUP BY d.hcode, d.pid, d.day, d.code
HAVING d.n - min(b.n) < v.gap_days_n - :grace
