-- Tokens, sessions of browsers and the access log, in a database of their own
-- (access.db): whoever signs in, reads or makes a token must never wait for a
-- load that has the writer of the other one for an hour.
CREATE TABLE token (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- a number is never given twice
  name         TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('province', 'cup', 'unit', 'metrics')),
  hcode        TEXT,
  selector     TEXT NOT NULL,          -- its first letters, to find it by
  hash         BLOB NOT NULL,          -- SHA-256; the token itself is nowhere
  created_at   TEXT NOT NULL,          -- times are RFC 3339, Asia/Bangkok
  created_by   TEXT NOT NULL,
  expires_at   TEXT,                   -- null: never
  revoked_at   TEXT,
  revoked_by   TEXT,
  last_used_at TEXT,
  CHECK ((hcode IS NOT NULL) = (role IN ('cup', 'unit')))
) STRICT;
CREATE INDEX token_by_selector ON token (selector);
-- A token is revoked, never removed: that there was one keeps the door closed.
CREATE TRIGGER token_is_kept BEFORE DELETE ON token
BEGIN SELECT raise(ABORT, 'a token is revoked, never removed'); END;

CREATE TABLE session (
  id         INTEGER PRIMARY KEY,
  token      INTEGER NOT NULL REFERENCES token,
  selector   TEXT NOT NULL,
  hash       BLOB NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_selector ON session (selector);
CREATE INDEX session_by_end ON session (expires_at);

-- Every read of personal data and every change: who, when, what, of whom. It
-- names units and submissions, never a person.
CREATE TABLE access_log (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  token      INTEGER,                  -- null: this machine, without a token
  role       TEXT NOT NULL,
  hcode      TEXT,                     -- the unit of who asked
  name       TEXT NOT NULL,
  peer       TEXT NOT NULL,            -- address of who asked; cli
  action     TEXT NOT NULL CHECK (action IN ('read', 'change')),
  route      TEXT NOT NULL,            -- operationId, or what the command did
  unit       TEXT,                     -- whose data
  submission INTEGER,
  detail     TEXT NOT NULL
) STRICT;
CREATE INDEX access_log_by_time ON access_log (at);
CREATE TRIGGER access_log_is_not_changed BEFORE UPDATE ON access_log
BEGIN SELECT raise(ABORT, 'the access log is never changed'); END;
CREATE TRIGGER access_log_is_kept BEFORE DELETE ON access_log
BEGIN SELECT raise(ABORT, 'the access log is never shortened'); END;
