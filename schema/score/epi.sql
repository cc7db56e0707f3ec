-- Vaccinations.
SELECT 'EPI' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, DATE_SERV AS day,
       SUBMISSION AS sub, LINE AS line
FROM EPI WHERE DATE_SERV BETWEEN :from AND :to
