-- use: sex_code, known
-- alone: unit
SELECT 'DIAGNOSIS_OPD' AS file, d.SUBMISSION AS sub, d.LINE AS line, d.HOSPCODE AS hcode, d.PID AS pid,
  d.DATE_SERV AS day, d.DIAGCODE AS v_code, p.sex AS v_sex
FROM DIAGNOSIS_OPD AS d
JOIN sex_code AS c ON c.code = d.DIAGCODE
JOIN known AS p ON p.hcode = d.HOSPCODE AND p.pid = d.PID
WHERE d.DATE_SERV BETWEEN :from AND :to AND d.SUBMISSION <= :as_of
  AND p.sex IN ('1', '2') AND p.sex <> c.only_sex
