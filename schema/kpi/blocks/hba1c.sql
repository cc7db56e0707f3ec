-- The last plausible HbA1c of the period by person, in hundredths of a percent.
-- use: known
-- list: hba1c
-- columns: person INTEGER, tests INTEGER, last INTEGER
-- key: person
SELECT k.person, count(*), max(l.day * 10000 + l.result)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day,
    CAST(round(CAST(LABRESULT AS DOUBLE PRECISION) * 100) AS BIGINT) AS result
  FROM LABFU
  WHERE DATE_SERV BETWEEN :start AND :end
    AND LABTEST IN (SELECT code FROM list_hba1c)
    AND trim(LABRESULT, '0123456789.') = '' AND length(LABRESULT) <= 6
    AND LABRESULT <> '.'
    AND length(LABRESULT) - length(replace(LABRESULT, '.', '')) <= 1
) AS l
JOIN known AS k ON k.hcode = l.hcode AND k.pid = l.pid
WHERE l.result BETWEEN 300 AND 2000
GROUP BY k.person
