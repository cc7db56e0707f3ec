-- Citizen IDs that live in the area of more than one unit in the round, and of
-- how many.
-- columns: cid TEXT, units INTEGER
-- key: cid
SELECT CAST(CID AS TEXT), count(DISTINCT HOSPCODE)
FROM t_person
WHERE _round = :round AND CAST(TYPEAREA AS TEXT) IN ('1', '3') AND CAST(DISCHARGE AS TEXT) = '9'
  AND CID IS NOT NULL AND CID <> '' AND _sub <= :as_of
GROUP BY CID HAVING count(DISTINCT HOSPCODE) > 1
