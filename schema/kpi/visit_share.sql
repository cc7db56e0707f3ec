-- Outpatient visits of main and sub-units, and those of sub-units; a unit
-- that is its own CUP is a main unit.
-- table: units
-- alone: unit
SELECT s.HOSPCODE AS hcode, s.PID AS person, 1 AS den, CASE WHEN u.cup = u.hcode THEN 0 ELSE 1 END AS num,
  NULL AS reason, s.DATE_SERV AS v_day, CASE WHEN u.cup = u.hcode THEN 0 ELSE 1 END AS c_sub_unit
FROM SERVICE AS s JOIN units AS u ON u.hcode = s.HOSPCODE
WHERE s.DATE_SERV BETWEEN :start AND :end
