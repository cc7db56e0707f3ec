-- use: method, known
-- table: fp_method
-- alone: unit
SELECT 'FP' AS file, m.sub AS sub, m.line AS line, m.hcode AS hcode, m.pid AS pid, m.day AS day,
  m.code AS v_method, p.sex AS v_sex, (m.day - p.birth) / 10000 AS v_years
FROM method AS m
JOIN known AS p ON p.hcode = m.hcode AND p.pid = m.pid
LEFT JOIN fp_method AS t ON t.code = m.code
WHERE m.day BETWEEN :from AND :to AND (
  (t.only_sex IS NOT NULL AND p.sex IN ('1', '2') AND p.sex <> t.only_sex)
  OR (p.sex = '2' AND (m.day - p.birth) / 10000 NOT BETWEEN :least AND :most)
)
