-- Rows accepted of the months of the period, and those that were on time, of
-- the files that [OPPP-2557 s. 37] holds to it, by the unit that sent them.
-- table: timely_files
SELECT b.hcode AS hcode, t.file AS person, sum(t.accepted) AS den, sum(t.on_time) AS num,
  NULL AS reason, t.file AS v_file
FROM tally AS t
JOIN submission AS b ON b.id = t.submission
JOIN timely_files AS f ON f.code = t.file
WHERE b.status <> 'void' AND t.month * 100 + 1 >= :start AND t.month * 100 <= :end
GROUP BY b.hcode, t.file
