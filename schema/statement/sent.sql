-- What a unit sent that is of a round: archives whose time, or of which a row's
-- month, lies in it. One line an archive and file, up to :as_of.
SELECT s.id, s.archive, CAST(replace(substr(s.sent_at, 1, 10), '-', '') AS INTEGER) AS sent,
       s.status, t.file, sum(t.received), sum(t.accepted), sum(t.duplicate),
       sum(t.rejected), sum(t.warned), sum(t.on_time)
FROM submission AS s LEFT JOIN tally AS t ON t.submission = s.id
WHERE s.hcode = :hcode AND s.id <= :as_of
  AND (s.round = :round
       OR EXISTS (SELECT 1 FROM tally AS m WHERE m.submission = s.id
                  AND m.received > 0 AND m.month BETWEEN :from AND :to))
GROUP BY s.id, t.file
ORDER BY s.id, t.file
