-- Who was seen at so many units is known at as many.
-- use: opday, roamer
-- alone: person
WITH been AS MATERIALIZED (
  SELECT p.cid AS cid, o.day AS day, o.hcode AS hcode, o.pid AS pid, o.sub AS sub, o.line AS line
  FROM roamer AS p CROSS JOIN opday AS o ON o.hcode = p.hcode AND o.pid = p.pid
)
SELECT 'SERVICE' AS file, b.sub AS sub, b.line AS line, b.hcode AS hcode, b.pid AS pid, b.day AS day,
  CAST(m.cid AS BIGINT) AS person, m.units AS v_units
FROM (
  SELECT cid, day, count(DISTINCT hcode) AS units FROM been
  GROUP BY cid, day HAVING count(DISTINCT hcode) >= :least
) AS m
JOIN been AS b ON b.cid = m.cid AND b.day = m.day
