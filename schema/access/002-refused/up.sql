-- Whoever comes with a wrong token is in the log, too: a third kind of line.
-- What a column may hold cannot be changed in place.
CREATE TABLE access_log_002 (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  token      INTEGER,                  -- null: this machine, or nobody known
  role       TEXT NOT NULL,            -- none: nobody known
  hcode      TEXT,                     -- the unit of who asked
  name       TEXT NOT NULL,
  peer       TEXT NOT NULL,            -- address of who asked; cli
  action     TEXT NOT NULL CHECK (action IN ('read', 'change', 'refused')),
  route      TEXT NOT NULL,            -- operationId, or what the command did
  unit       TEXT,                     -- whose data
  submission INTEGER,
  detail     TEXT NOT NULL
) STRICT;
INSERT INTO access_log_002 SELECT id, at, token, role, hcode, name, peer, action, route, unit, submission, detail
  FROM access_log ORDER BY id;
DROP TABLE access_log;                 -- with its triggers
ALTER TABLE access_log_002 RENAME TO access_log;
CREATE INDEX access_log_by_time ON access_log (at);
CREATE TRIGGER access_log_is_not_changed BEFORE UPDATE ON access_log
BEGIN SELECT raise(ABORT, 'the access log is never changed'); END;
CREATE TRIGGER access_log_is_kept BEFORE DELETE ON access_log
BEGIN SELECT raise(ABORT, 'the access log is never shortened'); END;
