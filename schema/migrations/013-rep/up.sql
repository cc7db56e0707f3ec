-- What comes back from whom rows were sent on to: which rows were passed or
-- refused (REP), and what money was received [OPPP-2557 s. 28-29]. Nothing
-- here is ever changed or deleted; a later REP of a row goes before an earlier.

-- A file that came back.
CREATE TABLE rep (
  id          INTEGER PRIMARY KEY,
  destination TEXT NOT NULL CHECK (destination <> ''),
  kind        TEXT NOT NULL CHECK (kind IN ('rows', 'statement')),
  layout      TEXT NOT NULL CHECK (layout <> ''),
  proven      INTEGER NOT NULL CHECK (proven IN (0, 1)), -- whether the layout was proven on real files
  version     TEXT NOT NULL,           -- SHA-256 of the layout
  file        TEXT NOT NULL,           -- name as given
  sha256      TEXT NOT NULL UNIQUE,    -- a file is imported once
  bytes       INTEGER NOT NULL,
  imported_at TEXT NOT NULL,           -- RFC 3339, Asia/Bangkok
  by          TEXT NOT NULL CHECK (by <> ''),
  rows        INTEGER NOT NULL,        -- lines with data
  refused     INTEGER NOT NULL,
  unmatched   INTEGER NOT NULL,        -- lines of which nobody knows whose row they are
  after       INTEGER NOT NULL         -- the last submission there was
) STRICT;

-- A line of it, as far as it is about a row.
CREATE TABLE rep_row (
  rep         INTEGER NOT NULL REFERENCES rep,
  seq         INTEGER NOT NULL,        -- from 1
  destination TEXT NOT NULL,
  at          INTEGER NOT NULL,        -- line in the file
  hcode       TEXT NOT NULL,           -- the sender's, else as told; blank when nobody knows
  archive     TEXT NOT NULL,           -- name of the archive that was sent on; blank when not told
  told_line   INTEGER,                 -- line in its member as told
  file        TEXT NOT NULL,           -- as the standard of the submission calls it
  record      TEXT NOT NULL,           -- kind of record; blank when not told
  sub         INTEGER REFERENCES submission,
  line        INTEGER,                 -- line in the member as it was received
  how         TEXT NOT NULL CHECK (how IN ('line', 'key', '')),
  why         TEXT NOT NULL,           -- why it is nobody's, in a word
  key         TEXT NOT NULL,           -- key of the row; PID, never a citizen ID
  day         INTEGER,                 -- YYYYMMDD of the event
  code        TEXT NOT NULL,           -- codes, with a comma between
  passed      INTEGER NOT NULL CHECK (passed IN (0, 1)),
  points      INTEGER,                 -- hundredths
  PRIMARY KEY (rep, seq),
  CHECK ((sub IS NULL) = (how = '') AND (sub IS NULL) = (line IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX rep_row_of ON rep_row (sub, record, line, destination, rep) WHERE sub IS NOT NULL;
CREATE INDEX rep_row_by_unit ON rep_row (hcode, rep);

-- How each row of ours stands with each destination: what the last REP said.
CREATE VIEW rep_state AS
SELECT r.destination, r.sub, r.record, r.line, r.rep, max(r.file) AS file, max(r.hcode) AS hcode,
       max(r.day) AS day, max(r.key) AS key, min(r.passed) AS passed, max(r.points) AS points,
       group_concat(nullif(r.code, ''), ',') AS code
FROM rep_row AS r
WHERE r.sub IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM rep_row AS later
  WHERE later.sub = r.sub AND later.record = r.record AND later.line = r.line
    AND later.destination = r.destination AND later.rep > r.rep)
GROUP BY r.sub, r.record, r.line, r.destination, r.rep;

-- Rows that were taken back because a destination refused what was accepted
-- here: their keys are free for the corrected row.
CREATE TABLE freed_row (
  sub      INTEGER NOT NULL REFERENCES submission,
  record   TEXT NOT NULL,
  line     INTEGER NOT NULL,
  file     TEXT NOT NULL,
  rep      INTEGER NOT NULL REFERENCES rep,
  code     TEXT NOT NULL,
  hospcode TEXT NOT NULL,              -- of the row, as marks know it
  key      TEXT NOT NULL,
  day      INTEGER,
  data     TEXT NOT NULL,              -- JSON: the row as it was stored
  at       TEXT NOT NULL,
  by       TEXT NOT NULL CHECK (by <> ''),
  reason   TEXT NOT NULL CHECK (reason <> ''),
  after    INTEGER NOT NULL,           -- the last submission there was
  PRIMARY KEY (sub, record, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX freed_row_of_rep ON freed_row (rep);

-- Figures that rest on the rows of the unit are counted again.
CREATE TRIGGER freed_row_marked AFTER INSERT ON freed_row
BEGIN
  INSERT INTO mark VALUES (NEW.hospcode, NEW.record, hex(randomblob(16)))
  ON CONFLICT (hcode, record) DO UPDATE SET mark = excluded.mark;
END;

-- Money that was received.
CREATE TABLE statement_line (
  rep      INTEGER NOT NULL REFERENCES rep,
  seq      INTEGER NOT NULL,           -- from 1
  at       INTEGER NOT NULL,           -- line in the file
  round    INTEGER NOT NULL,           -- B.E.
  part     TEXT NOT NULL CHECK (part IN ('quarter', 'tranche', 'support')),
  period   TEXT NOT NULL,              -- number of the quarter or tranche; blank for support
  cup      TEXT NOT NULL CHECK (cup <> ''),
  hcode    TEXT NOT NULL,              -- the unit, where it is told; else blank
  amount   INTEGER NOT NULL,           -- satang
  document TEXT NOT NULL,
  paid_on  INTEGER,                    -- YYYYMMDD
  PRIMARY KEY (rep, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_line_of ON statement_line (round, cup);

CREATE TRIGGER rep_stays BEFORE UPDATE ON rep
BEGIN SELECT raise(ABORT, 'what came back is never overwritten'); END;
CREATE TRIGGER rep_is_kept BEFORE DELETE ON rep
BEGIN SELECT raise(ABORT, 'what came back is never overwritten'); END;
CREATE TRIGGER rep_row_stays BEFORE UPDATE ON rep_row
BEGIN SELECT raise(ABORT, 'what came back is never overwritten'); END;
CREATE TRIGGER rep_row_is_kept BEFORE DELETE ON rep_row
BEGIN SELECT raise(ABORT, 'what came back is never overwritten'); END;
CREATE TRIGGER freed_row_stays BEFORE UPDATE ON freed_row
BEGIN SELECT raise(ABORT, 'what was freed is never overwritten'); END;
CREATE TRIGGER freed_row_is_kept BEFORE DELETE ON freed_row
BEGIN SELECT raise(ABORT, 'what was freed is never overwritten'); END;
CREATE TRIGGER statement_line_stays BEFORE UPDATE ON statement_line
BEGIN SELECT raise(ABORT, 'what was received is never overwritten'); END;
CREATE TRIGGER statement_line_is_kept BEFORE DELETE ON statement_line
BEGIN SELECT raise(ABORT, 'what was received is never overwritten'); END;
