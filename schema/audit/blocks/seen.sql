-- Citizen IDs of those patients who were seen anywhere in the twelve months up to
-- the end of the tranche.
-- use: patient_place
-- columns: cid TEXT
-- key: cid
SELECT p.cid
FROM t_service AS s
CROSS JOIN visit AS v ON v.id = s.visit
CROSS JOIN patient_place AS p ON p.hcode = CAST(v.hospcode AS TEXT) AND p.pid = CAST(v.pid AS TEXT)
WHERE v.date_serv BETWEEN :to - 10000 AND :to AND s._sub <= :as_of
UNION
SELECT p.cid
FROM t_chronicfu AS f
CROSS JOIN patient_place AS p ON p.hcode = CAST(f.HOSPCODE AS TEXT) AND p.pid = CAST(f.PID AS TEXT)
WHERE f.DATE_SERV BETWEEN :to - 10000 AND :to AND f._sub <= :as_of
