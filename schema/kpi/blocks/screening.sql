-- Screenings in the period, each with what may disqualify it [OPPP-2557 s. 19].
-- Sugar is in millionths of mg/dL and pressure in mmHg, as they were sent. Of two readings of pressure the second
-- counts [DHDC-2015; WMC-WS], when it is one: both numbers over 50, as the first has to be.
-- use: known, died, stay
-- columns: person INTEGER, day INTEGER, dead INTEGER, admitted INTEGER, sugar INTEGER, test TEXT, sbp_1 DOUBLE PRECISION, dbp_1 DOUBLE PRECISION, sbp DOUBLE PRECISION, dbp DOUBLE PRECISION
-- index: person
SELECT k.person, s.DATE_SERV,
  CASE WHEN d.died < s.DATE_SERV THEN 1 ELSE 0 END,
  CASE WHEN EXISTS (
    SELECT 1 FROM stay AS t
    WHERE t.person = k.person AND t.admitted <= s.DATE_SERV * 1000000 + 235959
      AND (t.left_at IS NULL OR t.left_at >= s.DATE_SERV * 1000000)
  ) THEN 1 ELSE 0 END,
  CAST(round(s.BSLEVEL * 1000000) AS BIGINT), s.BSTEST, s.SBP_1, s.DBP_1,
  CASE WHEN s.SBP_2 > 50 AND s.DBP_2 > 50 THEN s.SBP_2 ELSE s.SBP_1 END,
  CASE WHEN s.SBP_2 > 50 AND s.DBP_2 > 50 THEN s.DBP_2 ELSE s.DBP_1 END
FROM NCDSCREEN AS s
JOIN known AS k ON k.hcode = s.HOSPCODE AND k.pid = s.PID
LEFT JOIN died AS d ON d.person = k.person
WHERE s.DATE_SERV BETWEEN :start AND :end
