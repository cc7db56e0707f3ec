-- Codes of diagnosis that outpatients were ever given: thousands, of which a few
-- belong to one sex or to an age.
-- columns: code TEXT
-- key: code
SELECT DISTINCT CAST(DIAGCODE AS TEXT) FROM t_diagnosis_opd WHERE DIAGCODE IS NOT NULL
