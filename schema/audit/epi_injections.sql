-- use: dose
-- table: vaccine
-- alone: unit
SELECT 'EPI' AS file, d.sub AS sub, d.line AS line, d.hcode AS hcode, d.pid AS pid, d.day AS day,
  d.pid || '/' || d.day AS grp, d.code AS v_vaccine, m.needles AS v_needles
FROM (
  SELECT d.hcode AS hcode, d.pid AS pid, d.day AS day, count(DISTINCT d.code) AS needles
  FROM dose AS d JOIN vaccine AS v ON v.code = d.code AND v.needle_n = 1
  WHERE d.day BETWEEN :from AND :to
  GROUP BY d.hcode, d.pid, d.day HAVING count(DISTINCT d.code) > :most
) AS m
JOIN dose AS d ON d.hcode = m.hcode AND d.pid = m.pid AND d.day = m.day
JOIN vaccine AS v ON v.code = d.code AND v.needle_n = 1
