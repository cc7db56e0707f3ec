-- What everybody asks for all the time, kept instead of counted: a list of
-- submissions and the totals of days cost the same after ten years as after
-- one. Triggers keep them, so that no way of writing can forget to; `verify`
-- counts them again.
ALTER TABLE submission ADD COLUMN received  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN accepted  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN duplicate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN rejected  INTEGER NOT NULL DEFAULT 0;

UPDATE submission SET (received, accepted, duplicate, rejected) = (
  SELECT coalesce(sum(t.received), 0), coalesce(sum(t.accepted), 0),
         coalesce(sum(t.duplicate), 0), coalesce(sum(t.rejected), 0)
  FROM tally AS t WHERE t.submission = submission.id);

-- By day of receipt (Bangkok) and status.
CREATE TABLE day_total (
  day         TEXT NOT NULL,
  status      TEXT NOT NULL,
  submissions INTEGER NOT NULL,
  last        INTEGER NOT NULL,        -- the highest number that ever had this status
  received    INTEGER NOT NULL,
  accepted    INTEGER NOT NULL,
  duplicate   INTEGER NOT NULL,
  rejected    INTEGER NOT NULL,
  PRIMARY KEY (day, status)
) STRICT, WITHOUT ROWID;

INSERT INTO day_total
SELECT substr(received_at, 1, 10), status, count(*), max(id), sum(received), sum(accepted),
       sum(duplicate), sum(rejected)
FROM submission GROUP BY 1, 2;

CREATE TRIGGER submission_counted AFTER INSERT ON submission
BEGIN
  INSERT INTO day_total VALUES (substr(NEW.received_at, 1, 10), NEW.status, 1, NEW.id,
    NEW.received, NEW.accepted, NEW.duplicate, NEW.rejected)
  ON CONFLICT (day, status) DO UPDATE SET
    submissions = submissions + 1, last = max(last, excluded.last),
    received = received + excluded.received, accepted = accepted + excluded.accepted,
    duplicate = duplicate + excluded.duplicate, rejected = rejected + excluded.rejected;
END;

CREATE TRIGGER submission_counted_again
AFTER UPDATE OF received_at, status, received, accepted, duplicate, rejected ON submission
BEGIN
  UPDATE day_total SET
    submissions = submissions - 1,
    received = received - OLD.received, accepted = accepted - OLD.accepted,
    duplicate = duplicate - OLD.duplicate, rejected = rejected - OLD.rejected
  WHERE day = substr(OLD.received_at, 1, 10) AND status = OLD.status;
  INSERT INTO day_total VALUES (substr(NEW.received_at, 1, 10), NEW.status, 1, NEW.id,
    NEW.received, NEW.accepted, NEW.duplicate, NEW.rejected)
  ON CONFLICT (day, status) DO UPDATE SET
    submissions = submissions + 1, last = max(last, excluded.last),
    received = received + excluded.received, accepted = accepted + excluded.accepted,
    duplicate = duplicate + excluded.duplicate, rejected = rejected + excluded.rejected;
END;

-- How often each code was ever given, also in what was taken back since.
CREATE TABLE code_total (
  code  TEXT PRIMARY KEY,
  total INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO code_total
SELECT code, sum(total) FROM (
  SELECT code, total FROM finding_total UNION ALL SELECT code, 1 FROM problem)
GROUP BY code;

CREATE TRIGGER finding_counted AFTER INSERT ON finding_total
BEGIN
  INSERT INTO code_total VALUES (NEW.code, NEW.total)
  ON CONFLICT (code) DO UPDATE SET total = total + excluded.total;
END;

CREATE TRIGGER problem_counted AFTER INSERT ON problem
BEGIN
  INSERT INTO code_total VALUES (NEW.code, 1)
  ON CONFLICT (code) DO UPDATE SET total = total + 1;
END;
