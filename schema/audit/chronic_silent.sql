-- use: patients, known, seen
-- alone: person
SELECT 'CHRONIC' AS file, c.sub AS sub, c.line AS line, c.hcode AS hcode, c.pid AS pid, c.day AS day,
  CAST(p.cid AS BIGINT) AS person, c.code AS v_code
FROM patients AS c JOIN known AS p ON p.hcode = c.hcode AND p.pid = c.pid
WHERE p.cid IS NOT NULL AND p.cid NOT IN (SELECT cid FROM seen)
