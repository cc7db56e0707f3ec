-- Units whose layout of MCH has room for a third date of care: in some row of
-- theirs there is one.
-- whole: unit
-- columns: hcode TEXT
-- key: hcode
SELECT DISTINCT HOSPCODE FROM MCH WHERE PPCARE3 IS NOT NULL
