-- Everybody of whom a register of the chronically ill of the tranche tells,
-- wherever the person is known.
-- use: patients, known
-- columns: hcode TEXT, pid TEXT, cid TEXT
-- key: hcode, pid
SELECT k.hcode, k.pid, k.cid
FROM known AS k
WHERE k.cid IN (
  SELECT p.cid FROM patients AS c JOIN known AS p ON p.hcode = c.hcode AND p.pid = c.pid
  WHERE p.cid IS NOT NULL
)
