-- use: heads
-- table: points
-- alone: unit
SELECT h.hcode AS hcode, p.rows AS numerator, h.heads AS denominator
FROM heads AS h
JOIN points AS p ON p.hcode = h.hcode AND p.item = :item AND p.tranche = :tranche
