-- Person-days of the tranche with a visit, each with the first row that tells
-- of it.
-- columns: hcode TEXT, pid TEXT, day INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid, day
SELECT hcode, pid, day, place / 1000000000, place % 1000000000
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid, DATE_SERV AS day,
    min(SUBMISSION * 1000000000 + LINE) AS place
  FROM SERVICE
  WHERE DATE_SERV BETWEEN :from AND :to AND SUBMISSION <= :as_of
  GROUP BY HOSPCODE, PID, DATE_SERV
)
