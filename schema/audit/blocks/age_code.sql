-- Codes of diagnosis that were used and belong to an age only.
-- use: used_code
-- table: age_icd
-- columns: code TEXT, least INTEGER, most INTEGER
-- key: code
SELECT d.code, max(x.least_n), min(x.most_n)
FROM used_code AS d
JOIN age_icd AS x ON substr(d.code, 1, length(x.first)) BETWEEN x.first AND x.last
GROUP BY d.code
