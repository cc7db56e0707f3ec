-- use: opday, known
SELECT 'SERVICE' AS file, o.sub AS sub, o.line AS line, o.hcode AS hcode, o.pid AS pid, o.day AS day,
  m.units AS v_units
FROM (
  SELECT p.cid AS cid, o.day AS day, count(DISTINCT o.hcode) AS units
  FROM opday AS o JOIN known AS p ON p.hcode = o.hcode AND p.pid = o.pid
  WHERE p.cid IS NOT NULL
  GROUP BY p.cid, o.day HAVING count(DISTINCT o.hcode) >= :least
) AS m
JOIN known AS p ON p.cid = m.cid
JOIN opday AS o ON o.hcode = p.hcode AND o.pid = p.pid AND o.day = m.day
