-- use: method
-- table: fp_method
-- alone: unit
SELECT 'FP' AS file, m.sub AS sub, m.line AS line, m.hcode AS hcode, m.pid AS pid, m.day AS day,
  m.code AS v_method, m.since AS v_days, t.again_n AS v_least_days
FROM method AS m JOIN fp_method AS t ON t.code = m.code
WHERE m.day BETWEEN :from AND :to AND m.since < t.again_n
