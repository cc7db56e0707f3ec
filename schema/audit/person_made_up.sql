-- use: residents
-- alone: unit
SELECT 'PERSON' AS file, sub AS sub, line AS line, hcode AS hcode, pid AS pid, day AS day
FROM residents
WHERE length(cid) = 13 AND (
  substr(cid, 1, 1) = '0'
  OR (11 - (13 * substr(cid, 1, 1) + 12 * substr(cid, 2, 1) + 11 * substr(cid, 3, 1)
    + 10 * substr(cid, 4, 1) + 9 * substr(cid, 5, 1) + 8 * substr(cid, 6, 1)
    + 7 * substr(cid, 7, 1) + 6 * substr(cid, 8, 1) + 5 * substr(cid, 9, 1)
    + 4 * substr(cid, 10, 1) + 3 * substr(cid, 11, 1) + 2 * substr(cid, 12, 1)) % 11) % 10
    <> CAST(substr(cid, 13, 1) AS INTEGER)
)
