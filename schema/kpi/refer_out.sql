-- Outpatient visits, and those that ended with a referral to another unit.
-- use: opvisit
-- alone: unit
SELECT hcode, pid AS person, 1 AS den, referred AS num, NULL AS reason, day AS v_day, referred AS c_referred
FROM opvisit
