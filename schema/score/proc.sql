-- Procedures with a code of ICD-9-CM or ICD-10-TM, known by its length.
SELECT 'PROCEDURE_OPD' AS file, visit, "CID" AS cid, _sub AS sub, _line AS line
FROM t_procedure_opd
WHERE length("PROCEDCODE") BETWEEN :shortest AND :longest
  AND (typeof("PROCEDCODE") = 'integer' OR "PROCEDCODE" NOT GLOB '*[^0-9]*')
