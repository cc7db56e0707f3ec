-- Whom a unit has in the register of the period's round itself.
-- columns: hcode TEXT, pid TEXT
-- key: hcode, pid
SELECT HOSPCODE, PID FROM PERSON WHERE ROUND = :round AND length(CID) = 13
