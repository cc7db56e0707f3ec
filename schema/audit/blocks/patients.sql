-- Rows of the round's register of the chronically ill, sent in the tranche, of
-- those who are neither cured nor dead. Their day is that of the sending.
-- table: sending
-- columns: hcode TEXT, pid TEXT, code TEXT, day INTEGER, sub INTEGER, line INTEGER
-- index: hcode, pid
SELECT c.HOSPCODE, c.PID, c.CHRONIC, s.day, c.SUBMISSION, c.LINE
FROM CHRONIC AS c JOIN sending AS s ON s.sub = c.SUBMISSION
WHERE c.ROUND = :round AND coalesce(c.TYPEDISCH, '') NOT IN ('01', '1', '02', '2')
  AND s.day BETWEEN :from AND :to AND c.SUBMISSION <= :as_of
