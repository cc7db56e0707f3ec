-- Drugs with a standard code of so many digits. That it is digits, the check
-- has shown (RX1130, an error); [OPPP-2557 s. 31]: only what passed it scores.
SELECT 'DRUG_OPD' AS file, visit, "CID" AS cid, _sub AS sub, _line AS line
FROM t_drug_opd
WHERE length("DIDSTD") = :digits
