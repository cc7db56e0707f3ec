-- The last plausible HbA1c of the period by person, in hundred-millionths of a
-- percent, as YYYYMMDD and ten digits: as it was sent, for what is not rounded
-- cannot be rounded to the other side of a limit. Of a text of digits the first
-- ten characters are read; what stands behind them reaches no limit.
-- use: known
-- list: hba1c
-- columns: person INTEGER, tests INTEGER, last INTEGER
-- key: person
SELECT k.person, count(*), max(l.day * 10000000000 + l.result)
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day,
    CAST(round(CAST(substr(LABRESULT, 1, 10) AS DOUBLE PRECISION) * 100000000) AS BIGINT) AS result
  FROM LABFU
  WHERE DATE_SERV BETWEEN :start AND :end
    AND LABTEST IN (SELECT code FROM list_hba1c)
    AND trim(LABRESULT, '0123456789.') = ''
    AND LABRESULT <> '.'
    AND length(LABRESULT) - length(replace(LABRESULT, '.', '')) <= 1
) AS l
JOIN known AS k ON k.hcode = l.hcode AND k.pid = l.pid
WHERE l.result BETWEEN 300000000 AND 2000000000
GROUP BY k.person
