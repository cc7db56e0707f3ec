-- Visits of the period with an antibiotic: the first 19 digits of DIDSTD.
-- list: antibiotic
-- columns: hcode TEXT, pid TEXT, seq TEXT
-- key: hcode, pid, seq
SELECT DISTINCT HOSPCODE, PID, SEQ
FROM DRUG_OPD
WHERE DATE_SERV BETWEEN :start AND :end AND substr(DIDSTD, 1, 19) IN (SELECT code FROM list_antibiotic)
