-- Drugs with a standard code of so many digits.
SELECT 'DRUG_OPD' AS file, visit, "CID" AS cid, _sub AS sub, _line AS line
FROM t_drug_opd
WHERE length("DIDSTD") = :digits
  AND (typeof("DIDSTD") = 'integer' OR "DIDSTD" NOT GLOB '*[^0-9]*')
