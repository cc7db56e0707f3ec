-- use: known, ill, admitted
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
    SELECT 1 FROM admitted AS a
    WHERE a.hcode = n.HOSPCODE AND a.pid = n.PID AND n.DATE_SERV BETWEEN a.first AND a.last
  )
)
