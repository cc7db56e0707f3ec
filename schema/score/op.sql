-- Visits with SERVICE (1), with a diagnosis (2), or with both (3): [OPPP-2557 s. 30], an
-- obligatory pair, of the unit, person and day whatever its visits. Of a visit
-- that has both the SERVICE row stands for them, so that there are no more rows
-- than visits; a diagnosis that is not in time for every day does not, and
-- neither does one of a SERVICE that is not.
SELECT 'SERVICE' AS file, s.visit AS visit, s."CID" AS cid, s._sub AS sub, s._line AS line,
       iif(EXISTS (SELECT 1 FROM t_diagnosis_opd AS d
                   WHERE d.visit = s.visit AND d._sub <= :as_of
                     AND (d._sub < :late_from
                          OR d._sub NOT IN (SELECT value FROM json_each(:late)))), 3, 1) AS part
FROM t_service AS s
UNION ALL
SELECT 'DIAGNOSIS_OPD', d.visit, d."CID", d._sub, d._line, 2
FROM t_diagnosis_opd AS d
WHERE (d._sub >= :late_from AND d._sub IN (SELECT value FROM json_each(:late)))
   OR NOT EXISTS (SELECT 1 FROM t_service AS s
                  WHERE s.visit = d.visit AND s._sub <= :as_of
                    AND (s._sub < :late_from
                         OR s._sub NOT IN (SELECT value FROM json_each(:late))))
