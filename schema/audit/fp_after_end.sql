-- use: method
-- table: fp_method
-- alone: unit
SELECT 'FP' AS file, m.sub AS sub, m.line AS line, m.hcode AS hcode, m.pid AS pid, m.day AS day,
  m.code AS v_method, e.day AS v_ended
FROM (
  SELECT m.hcode AS hcode, m.pid AS pid, min(m.day) AS day
  FROM method AS m JOIN fp_method AS t ON t.code = m.code AND t.ends_n = 1
  GROUP BY m.hcode, m.pid
) AS e
JOIN method AS m ON m.hcode = e.hcode AND m.pid = e.pid AND m.day > e.day
WHERE m.day BETWEEN :from AND :to
