-- Visits with SERVICE and a diagnosis (slide 30: an obligatory pair).
SELECT 'SERVICE' AS file, s.visit AS visit, s."CID" AS cid, s._sub AS sub, s._line AS line
FROM t_service AS s
WHERE EXISTS (SELECT 1 FROM t_diagnosis_opd AS d WHERE d.visit = s.visit AND d._sub <= :as_of)
