-- Deaths by the day of death.
SELECT 'DEATH' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, DDEATH AS day,
       SUBMISSION AS sub, LINE AS line
FROM DEATH WHERE DDEATH BETWEEN :from AND :to
