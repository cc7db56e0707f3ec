-- use: opday, known
-- alone: unit
SELECT 'SERVICE' AS file, o.sub AS sub, o.line AS line, o.hcode AS hcode, o.pid AS pid, o.day AS day,
  p.birth AS v_birth
FROM opday AS o JOIN known AS p ON p.hcode = o.hcode AND p.pid = o.pid
WHERE o.day < p.birth
