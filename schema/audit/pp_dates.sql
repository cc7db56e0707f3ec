-- use: known
-- table: calendar
-- alone: unit
WITH child AS (
  SELECT 'PP' AS file, SUBMISSION AS sub, LINE AS line, HOSPCODE AS hcode, PID AS pid, BDATE AS day,
    BDATE AS born, BCARE1 AS care1, BCARE2 AS care2, BCARE3 AS care3
  FROM PP WHERE BDATE BETWEEN :from AND :to AND SUBMISSION <= :as_of
  UNION ALL
  SELECT 'NEWBORNCARE', SUBMISSION, LINE, HOSPCODE, PID, BCARE, BDATE, BCARE, NULL, NULL
  FROM NEWBORNCARE WHERE BCARE BETWEEN :from AND :to AND SUBMISSION <= :as_of
)
SELECT k.file AS file, k.sub AS sub, k.line AS line, k.hcode AS hcode, k.pid AS pid, k.day AS day,
  k.born AS v_born, p.birth AS v_birth, k.care1 AS v_care
FROM child AS k
JOIN calendar AS b ON b.day = k.born
LEFT JOIN calendar AS c1 ON c1.day = k.care1
LEFT JOIN calendar AS c2 ON c2.day = k.care2
LEFT JOIN calendar AS c3 ON c3.day = k.care3
LEFT JOIN known AS p ON p.hcode = k.hcode AND p.pid = k.pid
LEFT JOIN calendar AS pb ON pb.day = p.birth
WHERE c1.n NOT BETWEEN b.n AND b.n + :care OR c2.n NOT BETWEEN b.n AND b.n + :care
  OR c3.n NOT BETWEEN b.n AND b.n + :care OR c2.n <= c1.n OR c3.n <= c2.n
  OR abs(pb.n - b.n) > :off
