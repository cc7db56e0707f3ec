-- use: dose
-- table: vaccine
-- alone: unit
SELECT 'EPI' AS file, d.sub AS sub, d.line AS line, d.hcode AS hcode, d.pid AS pid, d.day AS day,
  d.code AS v_vaccine, v.from_day_n AS v_from_day
FROM dose AS d JOIN vaccine AS v ON v.code = d.code
WHERE d.day BETWEEN :from AND :to AND d.day < v.from_day_n
