-- use: opday
-- alone: unit
SELECT 'SERVICE' AS file, o.sub AS sub, o.line AS line, o.hcode AS hcode, o.pid AS pid, o.day AS day,
  o.pid AS grp, n.days AS v_days
FROM (SELECT hcode, pid, count(*) AS days FROM opday GROUP BY hcode, pid HAVING count(*) > :most) AS n
JOIN opday AS o ON o.hcode = n.hcode AND o.pid = n.pid
