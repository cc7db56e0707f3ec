-- Since when visits and stays tell of an illness of a person: by principal or
-- other diagnosis, at any unit.
-- use: known
-- table: kpi_illness
-- columns: person INTEGER, kind TEXT, since INTEGER
-- key: person, kind
SELECT k.person, d.kind, min(d.since)
FROM (
  SELECT v.HOSPCODE AS hcode, v.PID AS pid, l.kind AS kind, v.DATE_SERV AS since
  FROM DIAGNOSIS_OPD AS v JOIN kpi_illness AS l ON l.code = substr(v.DIAGCODE, 1, 3)
  UNION ALL
  SELECT v.HOSPCODE, v.PID, l.kind, (v.DATETIME_ADMIT - v.DATETIME_ADMIT % 1000000) / 1000000
  FROM DIAGNOSIS_IPD AS v JOIN kpi_illness AS l ON l.code = substr(v.DIAGCODE, 1, 3)
) AS d
JOIN known AS k ON k.hcode = d.hcode AND k.pid = d.pid
GROUP BY k.person, d.kind
