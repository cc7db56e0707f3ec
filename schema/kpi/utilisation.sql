-- Outpatient visits of anybody against the area population: a row for each resident, who
-- counts once per level, and one for each unit's visits, which add up.
-- use: resident, opvisit
-- alone: person, unit
SELECT hcode, person, 1 AS den, 0 AS num, NULL AS reason FROM resident
UNION ALL
SELECT hcode, NULL, 0, count(*), NULL FROM opvisit GROUP BY hcode
