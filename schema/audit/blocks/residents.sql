-- Rows of the round's register, sent in the tranche, of people who live in the
-- area of the unit (TYPEAREA 1 or 3, DISCHARGE 9). Their day is that of the
-- sending.
-- table: sending
-- columns: hcode TEXT, pid TEXT, cid TEXT, day INTEGER, sub INTEGER, line INTEGER
-- key: hcode, pid
-- index: cid
SELECT p.HOSPCODE, p.PID, p.CID, s.day, p.SUBMISSION, p.LINE
FROM PERSON AS p JOIN sending AS s ON s.sub = p.SUBMISSION
WHERE p.ROUND = :round AND p.TYPEAREA IN ('1', '3') AND p.DISCHARGE = '9'
  AND s.day BETWEEN :from AND :to AND p.SUBMISSION <= :as_of
