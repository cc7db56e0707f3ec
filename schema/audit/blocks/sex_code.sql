-- Codes of diagnosis that were used and belong to one sex only.
-- use: used_code
-- table: sex_icd
-- columns: code TEXT, only_sex TEXT
-- key: code
SELECT d.code, min(x.only_sex)
FROM used_code AS d
JOIN sex_icd AS x ON substr(d.code, 1, length(x.first)) BETWEEN x.first AND x.last
GROUP BY d.code
