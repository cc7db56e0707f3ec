-- Old and new code of one test are one test; a code that the list does not
-- name is a test of its own. Rows before the tranche are there to tell how long
-- ago the last one was, and are not counted: one order serves both.
-- table: lab_frequency, calendar
-- alone: unit
WITH t AS (
  SELECT l.HOSPCODE AS hcode, l.PID AS pid, l.DATE_SERV AS day, l.LABTEST AS code, l.SUBMISSION AS sub,
    l.LINE AS line, c.n AS n, coalesce(f.test, l.LABTEST) AS test,
    CASE WHEN f.code IS NULL THEN :most ELSE f.most_n END AS most, f.least_days_n AS least
  FROM LABFU AS l
  JOIN calendar AS c ON c.day = l.DATE_SERV
  LEFT JOIN lab_frequency AS f ON f.code = l.LABTEST
  WHERE l.SUBMISSION <= :as_of AND l.DATE_SERV BETWEEN :from - 10000 AND :to AND l.LABTEST IS NOT NULL
)
SELECT 'LABFU' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day,
  code AS v_code, number AS v_number, since AS v_days
FROM (
  SELECT t.*, n - lag(n) OVER w AS since,
    row_number() OVER w - coalesce(sum(day < :from) OVER w, 0) AS number
  FROM t
  WINDOW w AS (PARTITION BY hcode, pid, test ORDER BY n, sub, line)
)
WHERE day >= :from AND (since < least OR number > most)
