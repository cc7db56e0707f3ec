-- use: dose
-- table: vaccine
-- alone: unit
SELECT 'EPI' AS file, d.sub AS sub, d.line AS line, d.hcode AS hcode, d.pid AS pid, d.day AS day,
  d.code AS v_vaccine, min(b.day) AS v_first
FROM dose AS d
JOIN vaccine AS v ON v.code = d.code AND v.dose_n IS NOT NULL
JOIN dose AS b ON b.hcode = d.hcode AND b.pid = d.pid AND b.day < d.day
JOIN vaccine AS w ON w.code = b.code AND w.series = v.series AND w.dose_n = v.dose_n
WHERE d.day BETWEEN :from AND :to
GROUP BY d.hcode, d.pid, d.day, d.code
