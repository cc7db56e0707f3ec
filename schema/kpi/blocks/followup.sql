-- Follow-ups of the chronically ill in the period: was an eye, was a foot
-- examined (RETINA 1-4, FOOT 1 or 3; [DHDC-2015; SUB-HDC]).
-- use: known
-- columns: person INTEGER, eye INTEGER, foot INTEGER
-- key: person
SELECT k.person,
  max(CASE WHEN f.RETINA IN ('1', '2', '3', '4') THEN 1 ELSE 0 END),
  max(CASE WHEN f.FOOT IN ('1', '3') THEN 1 ELSE 0 END)
FROM CHRONICFU AS f JOIN known AS k ON k.hcode = f.HOSPCODE AND k.pid = f.PID
WHERE f.DATE_SERV BETWEEN :start AND :end
GROUP BY k.person
