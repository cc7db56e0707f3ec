-- use: known, ill
-- alone: unit
SELECT 'NCDSCREEN' AS file, n.SUBMISSION AS sub, n.LINE AS line, n.HOSPCODE AS hcode, n.PID AS pid,
  n.DATE_SERV AS day,
  CASE WHEN p.died < n.DATE_SERV THEN 'DDEATH'
    WHEN coalesce(p.resident, 0) = 0 THEN 'TYPEAREA'
    WHEN (n.DATE_SERV - p.birth) / 10000 < :least THEN 'BIRTH'
    WHEN d.since < n.DATE_SERV AND h.since < n.DATE_SERV THEN 'CHRONIC'
    ELSE 'ADMISSION' END AS v_why
FROM NCDSCREEN AS n
LEFT JOIN known AS p ON p.hcode = n.HOSPCODE AND p.pid = n.PID
LEFT JOIN ill AS d ON d.hcode = n.HOSPCODE AND d.pid = n.PID AND d.kind = 'DM'
LEFT JOIN ill AS h ON h.hcode = n.HOSPCODE AND h.pid = n.PID AND h.kind = 'HT'
WHERE n.DATE_SERV BETWEEN :from AND :to AND n.SUBMISSION <= :as_of AND (
  p.died < n.DATE_SERV
  OR coalesce(p.resident, 0) = 0
  OR (n.DATE_SERV - p.birth) / 10000 < :least
  OR (d.since < n.DATE_SERV AND h.since < n.DATE_SERV)
  OR EXISTS (
    SELECT 1 FROM ADMISSION AS a
    WHERE a.HOSPCODE = n.HOSPCODE AND a.PID = n.PID AND a.SUBMISSION <= :as_of
      AND n.DATE_SERV BETWEEN a.DATETIME_ADMIT / 1000000 AND a.DATETIME_DISCH / 1000000
  )
)
