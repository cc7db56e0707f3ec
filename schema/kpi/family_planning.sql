-- Women (SEX 2) in WOMEN (living with a husband) of an age, and whether they use a
-- method (FPTYPE 1-7).
-- use: known, resident, died, woman
-- alone: person
SELECT hcode, person, c_alive AS den, c_alive * c_method AS num,
  CASE WHEN c_alive = 0 THEN 'dead' END AS reason,
  v_age, c_age, v_alive, c_alive, v_method, c_method
FROM (
  SELECT r.hcode AS hcode, r.person AS person, r.birth AS v_age, 1 AS c_age, d.died AS v_alive,
    CASE WHEN d.died < :start THEN 0 ELSE 1 END AS c_alive, w.fptype AS v_method,
    CASE WHEN w.fptype IN ('1', '2', '3', '4', '5', '6', '7') THEN 1 ELSE 0 END AS c_method
  FROM woman AS w
  JOIN known AS k ON k.hcode = w.hcode AND k.pid = w.pid
  JOIN resident AS r ON r.person = k.person AND r.hcode = k.hcode
  LEFT JOIN died AS d ON d.person = k.person
  WHERE r.sex = '2' AND r.birth BETWEEN :born_from AND :born_to
) AS x
