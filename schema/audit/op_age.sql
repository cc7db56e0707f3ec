-- use: age_code, known
-- alone: unit
SELECT 'DIAGNOSIS_OPD' AS file, d.SUBMISSION AS sub, d.LINE AS line, d.HOSPCODE AS hcode, d.PID AS pid,
  d.DATE_SERV AS day, d.DIAGCODE AS v_code, (d.DATE_SERV - p.birth) / 10000 AS v_years
FROM DIAGNOSIS_OPD AS d
JOIN age_code AS c ON c.code = d.DIAGCODE
JOIN known AS p ON p.hcode = d.HOSPCODE AND p.pid = d.PID
WHERE d.DATE_SERV BETWEEN :from AND :to AND d.SUBMISSION <= :as_of AND p.birth <= d.DATE_SERV
  AND ((d.DATE_SERV - p.birth) / 10000 < c.least OR (d.DATE_SERV - p.birth) / 10000 > c.most)
