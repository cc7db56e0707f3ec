-- Antenatal care.
SELECT 'ANC' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, DATE_SERV AS day,
       SUBMISSION AS sub, LINE AS line
FROM ANC WHERE DATE_SERV BETWEEN :from AND :to
