-- Persons; each row says for itself where the person lives.
SELECT 'PERSON' AS file, HOSPCODE AS hcode, PID AS pid, CID AS cid, NULL AS day,
       instr(:resident, '|' || TYPEAREA || '|') > 0 AS resident,
       SUBMISSION AS sub, LINE AS line
FROM PERSON
