-- A row that names no mother is left to the checks of rows.
-- use: known
-- alone: unit
WITH child AS (
  SELECT 'PP' AS file, SUBMISSION AS sub, LINE AS line, HOSPCODE AS hcode, PID AS pid, BDATE AS day,
    MPID AS mother
  FROM PP WHERE BDATE BETWEEN :from AND :to AND SUBMISSION <= :as_of
  UNION ALL
  SELECT 'NEWBORN', SUBMISSION, LINE, HOSPCODE, PID, BDATE, MPID
  FROM NEWBORN WHERE BDATE BETWEEN :from AND :to AND SUBMISSION <= :as_of
)
SELECT k.file AS file, k.sub AS sub, k.line AS line, k.hcode AS hcode, k.pid AS pid, k.day AS day,
  m.sex AS v_sex, (k.day - m.birth) / 10000 AS v_years
FROM child AS k LEFT JOIN known AS m ON m.hcode = k.hcode AND m.pid = k.mother
WHERE k.mother IS NOT NULL
  AND (m.pid IS NULL OR m.sex = '1' OR (k.day - m.birth) / 10000 NOT BETWEEN :least AND :most)
