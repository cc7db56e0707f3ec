-- Person-days of the tranche with a visit, each with the first row that tells
-- of it.
-- columns: hcode TEXT, pid TEXT, day INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid, day
SELECT nullif(hcode, ''), nullif(pid, ''), day, place / 1000000000, place % 1000000000
FROM (
  SELECT CAST(v.hospcode AS TEXT) AS hcode, CAST(v.pid AS TEXT) AS pid, v.date_serv AS day,
    min(s._sub * 1000000000 + s._line) AS place
  FROM t_service AS s CROSS JOIN visit AS v ON v.id = s.visit
  WHERE v.date_serv BETWEEN :from AND :to AND s._sub <= :as_of
  GROUP BY CAST(v.hospcode AS TEXT), CAST(v.pid AS TEXT), v.date_serv
)
