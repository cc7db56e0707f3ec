-- Outpatient visits against the area population: a row for each resident,
-- and one for each unit's visits.
-- use: resident, opvisit
SELECT hcode, CAST(person AS TEXT) AS person, 1 AS den, 0 AS num, NULL AS reason FROM resident
UNION ALL
SELECT hcode, NULL, 0, count(*), NULL FROM opvisit GROUP BY hcode
