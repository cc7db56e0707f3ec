-- Codes of diagnosis that were used in the tranche and belong to one sex only.
-- table: sex_icd
-- columns: code TEXT, only_sex TEXT
-- key: code
SELECT d.code, min(x.only_sex)
FROM (
  SELECT DISTINCT DIAGCODE AS code FROM DIAGNOSIS_OPD
  WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of AND DIAGCODE IS NOT NULL
) AS d
JOIN sex_icd AS x ON substr(d.code, 1, length(x.first)) BETWEEN x.first AND x.last
GROUP BY d.code
