-- table: calendar
-- alone: unit
WITH birth AS (
  SELECT 'LABOR' AS file, SUBMISSION AS sub, LINE AS line, HOSPCODE AS hcode, PID AS pid, BDATE AS day,
    LMP AS lmp, EDC AS edc, BTYPE AS btype, NULL AS care1, NULL AS care2, NULL AS care3
  FROM LABOR WHERE BDATE BETWEEN :from AND :to AND SUBMISSION <= :as_of
  UNION ALL
  SELECT 'MCH', SUBMISSION, LINE, HOSPCODE, PID, BDATE, LMP, EDC, BTYPE, PPCARE1, PPCARE2, PPCARE3
  FROM MCH WHERE BDATE BETWEEN :from AND :to AND SUBMISSION <= :as_of
)
SELECT b.file AS file, b.sub AS sub, b.line AS line, b.hcode AS hcode, b.pid AS pid, b.day AS day,
  b.day AS v_born, c.n - l.n AS v_days, e.n - l.n AS v_expected, b.care1 AS v_care
FROM birth AS b
JOIN calendar AS c ON c.day = b.day
LEFT JOIN calendar AS l ON l.day = b.lmp
LEFT JOIN calendar AS e ON e.day = b.edc
LEFT JOIN calendar AS c1 ON c1.day = b.care1
LEFT JOIN calendar AS c2 ON c2.day = b.care2
LEFT JOIN calendar AS c3 ON c3.day = b.care3
WHERE abs(e.n - l.n - 280) > :off
  OR (coalesce(b.btype, '') <> '6' AND (c.n - l.n > :longest OR c.n - l.n < :shortest))
  OR c1.n NOT BETWEEN c.n AND c.n + :care OR c2.n NOT BETWEEN c.n AND c.n + :care
  OR c3.n NOT BETWEEN c.n AND c.n + :care OR c2.n <= c1.n OR c3.n <= c2.n
UNION ALL
SELECT 'POSTNATAL', p.SUBMISSION, p.LINE, p.HOSPCODE, p.PID, p.PPCARE, p.BDATE, NULL, NULL, p.PPCARE
FROM POSTNATAL AS p
JOIN calendar AS c ON c.day = p.PPCARE
JOIN calendar AS b ON b.day = p.BDATE
WHERE p.PPCARE BETWEEN :from AND :to AND p.SUBMISSION <= :as_of
  AND c.n NOT BETWEEN b.n AND b.n + :care
