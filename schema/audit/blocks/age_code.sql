-- Codes of diagnosis that were used in the tranche and belong to an age only.
-- table: age_icd
-- columns: code TEXT, least INTEGER, most INTEGER
-- key: code
SELECT d.code, max(x.least_n), min(x.most_n)
FROM (
  SELECT DISTINCT DIAGCODE AS code FROM DIAGNOSIS_OPD
  WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of AND DIAGCODE IS NOT NULL
) AS d
JOIN age_icd AS x ON substr(d.code, 1, length(x.first)) BETWEEN x.first AND x.last
GROUP BY d.code
