-- Counts of the submissions that stand, up to :as_of, by sender, standard, file,
-- month of the event (0: no readable day) and day of sending.
SELECT s.hcode, s.standard, t.file, t.month,
       CAST(replace(substr(s.sent_at, 1, 10), '-', '') AS INTEGER) AS sent,
       sum(t.received), sum(t.accepted), sum(t.duplicate), sum(t.rejected),
       sum(t.warned), sum(t.on_time)
FROM submission AS s JOIN tally AS t ON t.submission = s.id
WHERE s.status IN ('accepted', 'partial') AND s.hcode IS NOT NULL AND s.id <= :as_of
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
