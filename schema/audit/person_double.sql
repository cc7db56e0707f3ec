-- use: residents, doubled
-- alone: person
SELECT 'PERSON' AS file, r.sub AS sub, r.line AS line, r.hcode AS hcode, r.pid AS pid, r.day AS day,
  CAST(r.cid AS BIGINT) AS person, d.units AS v_units
FROM doubled AS d JOIN residents AS r ON r.cid = d.cid
