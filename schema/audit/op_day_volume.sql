-- Against the lower median of the unit's own days open.
-- use: opday
-- alone: unit
WITH d AS (SELECT hcode, day, count(*) AS persons FROM opday GROUP BY hcode, day),
r AS (
  SELECT hcode, persons, row_number() OVER (PARTITION BY hcode ORDER BY persons) AS place,
    count(*) OVER (PARTITION BY hcode) AS days
  FROM d
),
m AS (SELECT hcode, persons AS median FROM r WHERE place = (days + 1) / 2)
SELECT 'SERVICE' AS file, o.sub AS sub, o.line AS line, o.hcode AS hcode, o.pid AS pid, o.day AS day,
  o.day AS grp, d.persons AS v_persons, m.median AS v_median
FROM d JOIN m ON m.hcode = d.hcode
JOIN opday AS o ON o.hcode = d.hcode AND o.day = d.day
WHERE d.persons > :times * m.median AND d.persons >= :least
