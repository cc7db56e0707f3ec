-- Resident children born in the period of whom NEWBORN tells a weight, and
-- whether it was low. Of several reports the lowest weight counts.
-- use: resident, known
-- alone: person
SELECT hcode, person, c_weighed AS den, c_light AS num,
  CASE WHEN c_weighed = 0 THEN 'implausible' END AS reason,
  v_born, c_born, v_weighed, c_weighed, c_light
FROM (
  SELECT r.hcode AS hcode, r.person AS person, b.born AS v_born, 1 AS c_born,
    coalesce(b.plausible, b.heaviest) AS v_weighed,
    CASE WHEN b.plausible IS NULL THEN 0 ELSE 1 END AS c_weighed,
    CASE WHEN b.plausible < :grams THEN 1 ELSE 0 END AS c_light
  FROM resident AS r
  JOIN (
    SELECT k.person AS person, min(n.BDATE) AS born, max(n.BWEIGHT) AS heaviest,
      min(CASE WHEN n.BWEIGHT BETWEEN :from_grams AND :to_grams THEN n.BWEIGHT END) AS plausible
    FROM NEWBORN AS n
    JOIN known AS k ON k.hcode = n.HOSPCODE AND k.pid = n.PID
    WHERE n.BDATE BETWEEN :start AND :end
    GROUP BY k.person
  ) AS b ON b.person = r.person
) AS x
