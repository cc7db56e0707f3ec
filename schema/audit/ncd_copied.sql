-- alone: unit
WITH s AS (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day, SUBMISSION AS sub, LINE AS line,
    coalesce(SBP_1, '') || '/' || coalesce(DBP_1, '') || '/' || coalesce(BSLEVEL, '') || '/'
      || coalesce(WEIGHT, '') || '/' || coalesce(HEIGHT, '') AS readings
  FROM NCDSCREEN WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of
),
d AS (SELECT hcode, day, count(*) AS persons FROM s GROUP BY hcode, day),
g AS (SELECT hcode, day, readings, count(*) AS alike FROM s GROUP BY hcode, day, readings)
SELECT 'NCDSCREEN' AS file, s.sub AS sub, s.line AS line, s.hcode AS hcode, s.pid AS pid, s.day AS day,
  s.day AS grp, g.alike AS v_alike, d.persons AS v_persons
FROM g
JOIN d ON d.hcode = g.hcode AND d.day = g.day
JOIN s ON s.hcode = g.hcode AND s.day = g.day AND s.readings = g.readings
WHERE d.persons >= :least AND g.alike * 100 >= :percent * d.persons
