-- Visits that ended with a referral, and those whose destination lies outside
-- the network. A destination not written, or 00000, cannot be judged, and
-- neither can anything of a unit of which the list gives no network.
-- use: opvisit
-- table: units
-- alone: unit
SELECT hcode, person, c_listed * c_known AS den, c_listed * c_known * c_outside AS num,
  CASE WHEN c_listed = 0 THEN 'no_network' WHEN c_known = 0 THEN 'unknown_destination' END AS reason,
  v_day, c_listed, v_known, c_known, c_outside
FROM (
  SELECT v.hcode AS hcode, v.pid AS person, v.day AS v_day,
    CASE WHEN u.network = '' THEN 0 ELSE 1 END AS c_listed, v.refer_to AS v_known,
    CASE WHEN v.refer_to IS NULL OR v.refer_to = '00000' THEN 0 ELSE 1 END AS c_known,
    CASE WHEN t.network = u.network THEN 0 ELSE 1 END AS c_outside
  FROM opvisit AS v
  JOIN units AS u ON u.hcode = v.hcode
  LEFT JOIN units AS t ON t.hcode = v.refer_to
  WHERE v.referred = 1
) AS x
