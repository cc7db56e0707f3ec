-- Outpatient visits of residents at the unit that registers them so, against
-- them: a row for each resident, who counts once per level, and one for each
-- unit's visits, which add up.
-- use: known, resident, opvisit
-- alone: person, unit
SELECT hcode, person, 1 AS den, 0 AS num, NULL AS reason FROM resident
UNION ALL
SELECT v.hcode, NULL, 0, count(*), NULL
FROM opvisit AS v
JOIN known AS k ON k.hcode = v.hcode AND k.pid = v.pid
JOIN resident AS r ON r.person = k.person AND r.hcode = v.hcode
GROUP BY v.hcode
