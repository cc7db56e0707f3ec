-- Every population registry that was imported. The newest is in use; of the
-- others only this record and their heads are kept.
CREATE TABLE registry (
  id          INTEGER PRIMARY KEY,
  file        TEXT NOT NULL,           -- name as given
  sha256      TEXT NOT NULL,
  bytes       INTEGER NOT NULL,
  imported_at TEXT NOT NULL,           -- RFC 3339, Asia/Bangkok
  by          TEXT NOT NULL,
  persons     INTEGER NOT NULL,
  bad         INTEGER NOT NULL         -- lines left out
) STRICT;

-- Persons of the registry in use. A citizen ID has 13 digits, so the number
-- says which it is.
CREATE TABLE registry_person (
  cid    INTEGER PRIMARY KEY,
  hcode  TEXT NOT NULL,
  hmain  TEXT NOT NULL,
  scheme TEXT NOT NULL
) STRICT;

-- How many persons each registry had.
CREATE TABLE registry_heads (
  registry INTEGER NOT NULL REFERENCES registry,
  scheme   TEXT NOT NULL,
  hcode    TEXT NOT NULL,
  hmain    TEXT NOT NULL,
  persons  INTEGER NOT NULL,
  PRIMARY KEY (registry, scheme, hcode, hmain)
) STRICT, WITHOUT ROWID;

-- When the rows of a submission were sent on, and to whom.
CREATE TABLE forwarded (
  destination TEXT NOT NULL,
  submission  INTEGER NOT NULL REFERENCES submission,
  at          TEXT NOT NULL,           -- RFC 3339, Asia/Bangkok
  PRIMARY KEY (destination, submission)
) STRICT, WITHOUT ROWID;
