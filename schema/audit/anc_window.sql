-- table: anc_windows
-- alone: unit
SELECT 'ANC' AS file, a.sub AS sub, a.line AS line, a.hcode AS hcode, a.pid AS pid, a.day AS day,
  a.number AS v_number, a.ga AS v_weeks, w.first_n AS v_first, w.last_n AS v_last
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day, SUBMISSION AS sub, LINE AS line,
    coalesce(ANCNO, F21_ANCNO) AS number, CAST(GA AS INTEGER) AS ga,
    DATE_SERV / 10000 + 543 + CASE WHEN DATE_SERV / 100 % 100 >= 10 THEN 1 ELSE 0 END AS year
  FROM ANC
  WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of
) AS a
JOIN anc_windows AS w ON w.code = a.number AND a.year BETWEEN w.from_n AND w.to_n
WHERE a.ga BETWEEN 1 AND 45 AND a.ga NOT BETWEEN w.first_n - :weeks AND w.last_n + :weeks
