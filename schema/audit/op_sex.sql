-- The code first: most rows have one that belongs to both.
-- use: sex_code, known
-- alone: unit
SELECT 'DIAGNOSIS_OPD' AS file, d._sub AS sub, d._line AS line, p.hcode AS hcode, p.pid AS pid,
  v.date_serv AS day, c.code AS v_code, p.sex AS v_sex
FROM t_diagnosis_opd AS d
CROSS JOIN sex_code AS c ON c.code = CAST(d.DIAGCODE AS TEXT)
CROSS JOIN visit AS v ON v.id = d.visit
CROSS JOIN known AS p ON p.hcode = CAST(v.hospcode AS TEXT) AND p.pid = CAST(v.pid AS TEXT)
WHERE v.date_serv BETWEEN :from AND :to AND d._sub <= :as_of
  AND p.sex IN ('1', '2') AND p.sex <> c.only_sex
