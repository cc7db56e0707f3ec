-- Citizen IDs of everybody who was seen anywhere in the twelve months up to the
-- end of the tranche.
-- use: known
-- columns: cid TEXT
-- key: cid
SELECT DISTINCT p.cid
FROM (
  SELECT HOSPCODE AS hcode, PID AS pid FROM SERVICE
  WHERE DATE_SERV BETWEEN :to - 10000 AND :to AND SUBMISSION <= :as_of
  UNION
  SELECT HOSPCODE, PID FROM CHRONICFU
  WHERE DATE_SERV BETWEEN :to - 10000 AND :to AND SUBMISSION <= :as_of
) AS v JOIN known AS p ON p.hcode = v.hcode AND p.pid = v.pid
WHERE p.cid IS NOT NULL
