-- Everybody whom at least so many units know, once for each of them.
-- use: known
-- columns: hcode TEXT, pid TEXT, cid TEXT
-- key: hcode, pid
SELECT p.hcode, p.pid, p.cid
FROM known AS p
WHERE p.cid IN (
  SELECT cid FROM known WHERE cid IS NOT NULL GROUP BY cid HAVING count(DISTINCT hcode) >= :least
)
