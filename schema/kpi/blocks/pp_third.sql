-- Units whose layout of PP has room for a third date of care: in some row of
-- theirs there is one.
-- whole: unit
-- columns: hcode TEXT
-- key: hcode
SELECT DISTINCT HOSPCODE FROM PP WHERE BCARE3 IS NOT NULL
