-- People for whom a unit is there: those of the population registry, of every
-- scheme; without one, those who live in its area.
-- use: known
-- columns: hcode TEXT, heads INTEGER
-- key: hcode
SELECT hcode, sum(persons) FROM registry_heads
WHERE :registry = 1 AND registry = (SELECT max(id) FROM registry) AND hcode <> ''
GROUP BY hcode
UNION ALL
SELECT hcode, count(*) FROM known WHERE :registry = 0 AND resident = 1 GROUP BY hcode
