-- Visits that ended in a referral: REFEROUT in the 21 files, TYPEOUT in the 43.
SELECT 'SERVICE' AS file, visit, "CID" AS cid, _sub AS sub, _line AS line
FROM t_service
WHERE iif(nullif("REFEROUT", '') IS NULL, CAST("TYPEOUT" AS INTEGER) = :typeout,
          CAST("REFEROUT" AS INTEGER) = :referout)
