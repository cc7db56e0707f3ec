-- Outpatient visits of the period with Thai traditional medicine and referral.
-- 00000 is no destination: some programs fill it in at every visit.
-- use: ttm_visit
-- columns: hcode TEXT, pid TEXT, day INTEGER, referred INTEGER, refer_to TEXT, ttm INTEGER, massage INTEGER, compress INTEGER, steam INTEGER, postpartum INTEGER, herbal INTEGER
SELECT s.HOSPCODE, s.PID, s.DATE_SERV,
  CASE WHEN s.TYPEOUT = '3' OR s.REFEROUT = '1' OR s.REFEROUTHOSP <> '00000' THEN 1 ELSE 0 END,
  s.REFEROUTHOSP, CASE WHEN t.hcode IS NULL THEN 0 ELSE 1 END, coalesce(t.massage, 0),
  coalesce(t.compress, 0), coalesce(t.steam, 0), coalesce(t.postpartum, 0), coalesce(t.herbal, 0)
FROM SERVICE AS s
LEFT JOIN ttm_visit AS t
  ON t.hcode = s.HOSPCODE AND t.pid = s.PID AND t.seq = s.SEQ
WHERE s.DATE_SERV BETWEEN :start AND :end
