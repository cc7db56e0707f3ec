-- use: known
-- alone: unit
SELECT 'ANC' AS file, a.SUBMISSION AS sub, a.LINE AS line, a.HOSPCODE AS hcode, a.PID AS pid,
  a.DATE_SERV AS day, p.sex AS v_sex, (a.DATE_SERV - p.birth) / 10000 AS v_years
FROM ANC AS a JOIN known AS p ON p.hcode = a.HOSPCODE AND p.pid = a.PID
WHERE a.DATE_SERV BETWEEN :from AND :to AND a.SUBMISSION <= :as_of
  AND (p.sex <> '2' OR (a.DATE_SERV - p.birth) / 10000 NOT BETWEEN :least AND :most)
