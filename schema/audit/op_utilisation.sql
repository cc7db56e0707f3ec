-- use: heads
-- table: points
SELECT h.hcode AS hcode, coalesce(p.rows, 0) AS numerator, h.heads AS denominator
FROM heads AS h
LEFT JOIN points AS p ON p.hcode = h.hcode AND p.item = :item AND p.tranche = :tranche
