-- The last plausible blood pressure of the period by person with high blood
-- pressure, from CHRONICFU or SERVICE, as YYYYMMDD, then systolic and diastolic
-- in hundredths of mmHg with five digits each: readings are whole, and of one
-- that was sent with decimals nothing is rounded up.
-- use: known, illness
-- columns: person INTEGER, last INTEGER
-- key: person
SELECT k.person, max(b.day * 10000000000 + CAST(round(b.sbp * 100 - 0.5) AS BIGINT) * 100000
  + CAST(round(b.dbp * 100 - 0.5) AS BIGINT))
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day, SBP AS sbp, DBP AS dbp
  FROM CHRONICFU WHERE DATE_SERV BETWEEN :start AND :end
  UNION ALL
  SELECT HOSPCODE, PID, DATE_SERV, SBP, DBP
  FROM SERVICE WHERE DATE_SERV BETWEEN :start AND :end AND SBP IS NOT NULL
) AS b
JOIN known AS k ON k.hcode = b.hcode AND k.pid = b.pid
JOIN illness AS i ON i.person = k.person AND i.kind = 'HT'
WHERE b.sbp BETWEEN 50 AND 300 AND b.dbp BETWEEN 30 AND 200
GROUP BY k.person
