-- Days of death by unit and person.
SELECT HOSPCODE AS hcode, PID AS pid, DDEATH AS died
FROM DEATH WHERE SUBMISSION <= :as_of AND DDEATH IS NOT NULL
