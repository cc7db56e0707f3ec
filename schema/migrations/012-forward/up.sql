-- What was sent on to NHSO and the ministry [OPPP-2557 s. 28-29]. Nothing here
-- is ever changed or deleted; a folder that was made again is a line of its own.

-- A folder of archives that was written for a destination.
CREATE TABLE forward_batch (
  id          INTEGER PRIMARY KEY,
  destination TEXT NOT NULL CHECK (destination <> ''),
  made_at     TEXT NOT NULL,           -- RFC 3339, Asia/Bangkok
  by          TEXT NOT NULL CHECK (by <> ''),
  folder      TEXT NOT NULL UNIQUE,    -- below the data folder
  archives    INTEGER NOT NULL,
  rows        INTEGER NOT NULL,
  again_of    INTEGER REFERENCES forward_batch, -- the same archives were written before
  reason      TEXT NOT NULL DEFAULT ''          -- why they were written again
) STRICT;

-- An archive in it.
CREATE TABLE forward_archive (
  batch    INTEGER NOT NULL REFERENCES forward_batch,
  name     TEXT NOT NULL,
  standard TEXT NOT NULL,
  hcode    TEXT NOT NULL,
  bytes    INTEGER NOT NULL,
  sha256   TEXT NOT NULL,
  rows     INTEGER NOT NULL,
  PRIMARY KEY (batch, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX forward_archive_by_name ON forward_archive (name);

-- The rows of one file of one submission in an archive. The key is the promise
-- that each row is sent to a destination once.
CREATE TABLE forward_part (
  destination TEXT NOT NULL,
  submission  INTEGER NOT NULL REFERENCES submission,
  file        TEXT NOT NULL,           -- as the standard of the submission calls it
  batch       INTEGER NOT NULL REFERENCES forward_batch,
  archive     TEXT NOT NULL,
  first       INTEGER NOT NULL,        -- number of its first row among the rows of the member, from 1
  rows        INTEGER NOT NULL,
  lines       TEXT NOT NULL,           -- lines in the member as received: 2-57,60
  PRIMARY KEY (destination, submission, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX forward_part_by_batch ON forward_part (batch, archive);

-- When somebody said that a batch was uploaded (`sent = "confirmed"`).
CREATE TABLE forward_sent (
  batch   INTEGER PRIMARY KEY REFERENCES forward_batch,
  at      TEXT NOT NULL,               -- RFC 3339, Asia/Bangkok
  by      TEXT NOT NULL CHECK (by <> ''),
  said_at TEXT NOT NULL,               -- when that was entered
  receipt TEXT NOT NULL                -- JSON: name and SHA-256 of what came back, or null
) STRICT;

CREATE TRIGGER forward_batch_stays BEFORE UPDATE ON forward_batch
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_batch_is_kept BEFORE DELETE ON forward_batch
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_archive_stays BEFORE UPDATE ON forward_archive
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_archive_is_kept BEFORE DELETE ON forward_archive
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_part_stays BEFORE UPDATE ON forward_part
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_part_is_kept BEFORE DELETE ON forward_part
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_sent_stays BEFORE UPDATE ON forward_sent
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
CREATE TRIGGER forward_sent_is_kept BEFORE DELETE ON forward_sent
BEGIN SELECT raise(ABORT, 'what was sent on is never overwritten'); END;
