-- use: residents
SELECT 'PERSON' AS file, r.sub AS sub, r.line AS line, r.hcode AS hcode, r.pid AS pid, r.day AS day,
  d.units AS v_units
FROM (
  SELECT CID AS cid, count(DISTINCT HOSPCODE) AS units FROM PERSON
  WHERE ROUND = :round AND TYPEAREA IN ('1', '3') AND DISCHARGE = '9' AND CID IS NOT NULL
    AND SUBMISSION <= :as_of
  GROUP BY CID HAVING count(DISTINCT HOSPCODE) > 1
) AS d JOIN residents AS r ON r.cid = d.cid
