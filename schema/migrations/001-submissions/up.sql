-- One row per archive as received. Written in the same transaction as the
-- rows it brought; its id is also the name of its folder in work/.
CREATE TABLE submission (
  id           INTEGER PRIMARY KEY,
  archive      TEXT NOT NULL,          -- name as sent
  sha256       TEXT NOT NULL,
  bytes        INTEGER NOT NULL,
  standard     TEXT,                   -- F21, F43; null when the name says none
  hcode        TEXT,
  sent_at      TEXT,                   -- RFC 3339, Asia/Bangkok
  received_at  TEXT NOT NULL,
  loaded_at    TEXT NOT NULL,
  round        INTEGER,                -- B.E. year in which the scoring year ends
  status       TEXT NOT NULL CHECK (status IN ('accepted', 'partial', 'broken', 'void')),
  stored       TEXT,                   -- where the original lies, below the data folder
  findings_cut INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX submission_by_unit ON submission (hcode, id);
CREATE INDEX submission_by_name ON submission (archive, id);
CREATE UNIQUE INDEX submission_by_place ON submission (stored);
CREATE INDEX submission_by_day ON submission (received_at);

-- What was wrong with the archive or a member of it, and (severity note)
-- what else its sender should know.
CREATE TABLE problem (
  submission INTEGER NOT NULL REFERENCES submission,
  seq        INTEGER NOT NULL,
  code       TEXT NOT NULL,
  member     TEXT NOT NULL,
  line       INTEGER,
  detail     TEXT NOT NULL,
  nearest    TEXT,                     -- the known name nearest to an unknown one
  PRIMARY KEY (submission, seq)
) STRICT, WITHOUT ROWID;

-- Exact counts by file and month of event date (YYYYMM; 0 when the row has no
-- readable date). received = accepted + duplicate + rejected.
CREATE TABLE tally (
  submission INTEGER NOT NULL REFERENCES submission,
  file       TEXT NOT NULL,
  month      INTEGER NOT NULL,
  received   INTEGER NOT NULL,
  accepted   INTEGER NOT NULL,
  duplicate  INTEGER NOT NULL,
  rejected   INTEGER NOT NULL,
  warned     INTEGER NOT NULL,
  on_time    INTEGER NOT NULL,
  PRIMARY KEY (submission, file, month),
  CHECK (received = accepted + duplicate + rejected),
  CHECK (warned <= accepted AND on_time <= accepted)
) STRICT, WITHOUT ROWID;

-- Findings kept (capped per code and file), in the order of file and line.
CREATE TABLE finding (
  submission INTEGER NOT NULL REFERENCES submission,
  seq        INTEGER NOT NULL,
  code       TEXT NOT NULL,
  severity   TEXT NOT NULL,
  file       TEXT NOT NULL,
  line       INTEGER NOT NULL,
  field      TEXT,
  value      TEXT NOT NULL,
  key        TEXT NOT NULL,
  PRIMARY KEY (submission, seq)
) STRICT, WITHOUT ROWID;

-- How often each code was given, exactly.
CREATE TABLE finding_total (
  submission INTEGER NOT NULL REFERENCES submission,
  code       TEXT NOT NULL,
  total      INTEGER NOT NULL,
  PRIMARY KEY (submission, code)
) STRICT, WITHOUT ROWID;

-- Submissions taken back: who, when, why, and what was taken back.
CREATE TABLE void (
  submission INTEGER PRIMARY KEY REFERENCES submission,
  at         TEXT NOT NULL,
  by         TEXT NOT NULL,
  reason     TEXT NOT NULL,
  was_status TEXT NOT NULL,
  rows       INTEGER NOT NULL
) STRICT;

-- The key that all files of one visit share, stored once. Child rows refer
-- to it by id; a visit may stand here before, or without, its SERVICE row.
CREATE TABLE visit (
  id        INTEGER PRIMARY KEY,
  hospcode  ANY NOT NULL,
  seq       ANY NOT NULL,
  date_serv ANY NOT NULL,
  pid       ANY NOT NULL,
  UNIQUE (hospcode, seq, date_serv, pid)
) STRICT;

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
