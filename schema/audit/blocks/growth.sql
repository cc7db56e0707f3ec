-- Children weighed and measured in the tranche: completed months of age (below
-- nought when measured before birth), weight and height in tenths.
-- use: known
-- columns: hcode TEXT, pid TEXT, day INTEGER, sex TEXT, months INTEGER, kg INTEGER, cm INTEGER, said INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid, day
SELECT n.HOSPCODE, n.PID, n.DATE_SERV, p.sex,
  (n.DATE_SERV / 10000 - p.birth / 10000) * 12 + n.DATE_SERV / 100 % 100 - p.birth / 100 % 100
    - CASE WHEN n.DATE_SERV % 100 < p.birth % 100 THEN 1 ELSE 0 END,
  CAST(round(n.WEIGHT * 10) AS INTEGER), CAST(round(n.HEIGHT * 10) AS INTEGER), n.AGEMONTH,
  n.SUBMISSION, n.LINE
FROM NUTRITION AS n JOIN known AS p ON p.hcode = n.HOSPCODE AND p.pid = n.PID
WHERE n.DATE_SERV BETWEEN :from AND :to AND n.SUBMISSION <= :as_of AND p.birth IS NOT NULL
