-- The last plausible blood pressure of the period by person with high blood
-- pressure, from CHRONICFU or SERVICE, as YYYYMMDDSSSDDD.
-- use: known, illness
-- columns: person INTEGER, last INTEGER
-- key: person
SELECT k.person, max(b.day * 1000000 + b.sbp * 1000 + b.dbp)
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
