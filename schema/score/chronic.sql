-- The register of chronic diseases, without those whom it calls dead.
SELECT 'CHRONIC' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, DATE_DIAG AS day,
       SUBMISSION AS sub, LINE AS line
FROM CHRONIC WHERE CAST(TYPEDISCH AS INTEGER) IS NOT :died
