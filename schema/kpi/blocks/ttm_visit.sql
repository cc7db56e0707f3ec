-- Visits with Thai traditional medicine, by what was done [DHDC-2015]:
-- procedures by digits 4-7 of their seven (some kinds only with certain first
-- three), herbal drugs by the first two digits of their 24, diagnoses U50-U77.
-- table: ttm_procedure
-- columns: hcode TEXT, pid TEXT, seq TEXT, massage INTEGER, compress INTEGER, steam INTEGER, postpartum INTEGER, herbal INTEGER
-- key: hcode, pid, seq
SELECT hcode, pid, seq, max(CASE WHEN kind = 'massage' THEN 1 ELSE 0 END),
  max(CASE WHEN kind = 'compress' THEN 1 ELSE 0 END), max(CASE WHEN kind = 'steam' THEN 1 ELSE 0 END),
  max(CASE WHEN kind = 'postpartum' THEN 1 ELSE 0 END), max(CASE WHEN kind = 'herbal' THEN 1 ELSE 0 END)
FROM (
  SELECT p.HOSPCODE AS hcode, p.PID AS pid, p.SEQ AS seq, t.kind AS kind
  FROM PROCEDURE_OPD AS p
  JOIN ttm_procedure AS t ON substr(p.PROCEDCODE, 4, 4) BETWEEN t.code AND t.last
    AND (t.prefix IS NULL OR t.prefix = substr(p.PROCEDCODE, 1, 3))
  WHERE p.DATE_SERV BETWEEN :start AND :end AND length(p.PROCEDCODE) = 7
  UNION ALL
  SELECT HOSPCODE, PID, SEQ, 'herbal'
  FROM DRUG_OPD
  WHERE DATE_SERV BETWEEN :start AND :end AND substr(DIDSTD, 1, 2) IN ('41', '42')
  UNION ALL
  SELECT HOSPCODE, PID, SEQ, 'diagnosis'
  FROM DIAGNOSIS_OPD
  WHERE DATE_SERV BETWEEN :start AND :end AND substr(DIAGCODE, 1, 3) BETWEEN 'U50' AND 'U77'
) AS v
GROUP BY hcode, pid, seq
