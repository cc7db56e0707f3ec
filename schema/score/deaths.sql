-- Days of death by unit and person, with the citizen ID that the row itself
-- gives: PERSON may have been taken back, the death was not.
SELECT HOSPCODE AS hcode, PID AS pid, DDEATH AS died, CID AS cid
FROM DEATH WHERE SUBMISSION <= :as_of AND DDEATH IS NOT NULL
