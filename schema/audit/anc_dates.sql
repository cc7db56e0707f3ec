-- use: pregnancy
-- table: calendar
-- alone: unit
SELECT 'ANC' AS file, a.SUBMISSION AS sub, a.LINE AS line, a.HOSPCODE AS hcode, a.PID AS pid,
  a.DATE_SERV AS day, a.GA AS v_weeks, g.lmp AS v_lmp, g.born AS v_born
FROM ANC AS a
JOIN pregnancy AS g ON g.hcode = a.HOSPCODE AND g.pid = a.PID AND g.gravida = CAST(a.GRAVIDA AS INTEGER)
JOIN calendar AS c ON c.day = a.DATE_SERV
LEFT JOIN calendar AS l ON l.day = g.lmp
WHERE a.DATE_SERV BETWEEN :from AND :to AND a.SUBMISSION <= :as_of
  AND (a.DATE_SERV > g.born OR c.n < l.n + :first
    OR (CAST(a.GA AS INTEGER) BETWEEN 1 AND 45 AND abs(CAST(a.GA AS INTEGER) * 7 - (c.n - l.n)) > :off))
