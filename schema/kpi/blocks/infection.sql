-- Visits of the period whose principal diagnosis is an infection for which
-- antibiotics are rarely right [QOF-2560], each once, with the first of their days.
-- table: rdu_diagnosis
-- columns: kind TEXT, hcode TEXT, pid TEXT, seq TEXT, day INTEGER
-- key: kind, hcode, pid, seq
SELECT l.kind, d.HOSPCODE, d.PID, d.SEQ, min(d.DATE_SERV)
FROM DIAGNOSIS_OPD AS d JOIN rdu_diagnosis AS l ON l.code = d.DIAGCODE
WHERE d.DATE_SERV BETWEEN :start AND :end AND d.DIAGTYPE = '1'
GROUP BY l.kind, d.HOSPCODE, d.PID, d.SEQ
