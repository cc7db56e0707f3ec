-- Audit: what rules found suspicious, what is done about it, and what money is
-- held for it (slides 38 to 43). Nothing here is ever changed or deleted: what
-- becomes of a case are lines of their own, each sealed with the one before.

-- Runs of the rules.
CREATE TABLE audit_run (
  id     INTEGER PRIMARY KEY,
  at     TEXT NOT NULL,              -- RFC 3339, Asia/Bangkok
  by     TEXT NOT NULL CHECK (by <> ''),
  round  INTEGER NOT NULL,
  as_of  INTEGER NOT NULL,           -- the last submission that was looked at
  rules  TEXT NOT NULL,              -- JSON: rule to version
  opened INTEGER NOT NULL,
  added  INTEGER NOT NULL,           -- rows that joined cases
  after  INTEGER NOT NULL            -- the last submission there was
) STRICT;

-- A case: a unit, a tranche, a rule.
CREATE TABLE audit_case (
  id          INTEGER PRIMARY KEY,
  round       INTEGER NOT NULL,
  tranche     TEXT NOT NULL,
  hcode       TEXT NOT NULL,
  rule        TEXT NOT NULL,
  item        TEXT NOT NULL,
  severity    TEXT NOT NULL CHECK (severity IN ('hold', 'warn')), -- when it was opened
  follows     INTEGER UNIQUE REFERENCES audit_case,
  run         INTEGER NOT NULL REFERENCES audit_run,
  version     TEXT NOT NULL,         -- SHA-256 of the rule
  described   TEXT NOT NULL,         -- JSON: the rule's name, text, source and thresholds as they were
  numerator   INTEGER NOT NULL,
  denominator INTEGER NOT NULL,
  peers       TEXT,                  -- JSON, of rates only
  after       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_case_first ON audit_case (round, tranche, hcode, rule) WHERE follows IS NULL;
CREATE INDEX audit_case_of ON audit_case (round, rule, hcode, tranche);

-- The rows that raised it. PID is the unit's own number; a citizen ID or a name
-- is never here.
CREATE TABLE audit_fact (
  case_id INTEGER NOT NULL REFERENCES audit_case,
  file    TEXT NOT NULL,             -- kind of record
  sub     INTEGER NOT NULL,
  line    INTEGER NOT NULL,
  run     INTEGER NOT NULL REFERENCES audit_run,
  pid     TEXT NOT NULL,
  day     INTEGER NOT NULL,
  shown   TEXT NOT NULL,             -- JSON: values that the rule shows
  PRIMARY KEY (case_id, file, sub, line)
) STRICT, WITHOUT ROWID;

-- Steps. The last one that gives a state says how the case stands.
CREATE TABLE audit_event (
  id      INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES audit_case,
  step    TEXT NOT NULL,
  was     TEXT NOT NULL,             -- the state before; blank for the first
  state   TEXT NOT NULL CHECK (state IN ('selected', 'notified', 'appealed', 'verified', 'resolved')),
  at      TEXT NOT NULL,
  by      TEXT NOT NULL CHECK (by <> ''),
  token   INTEGER,                   -- over HTTP, with which token
  text    TEXT NOT NULL,
  data    TEXT NOT NULL,             -- JSON: what else the step needs
  after   INTEGER NOT NULL,
  seal    TEXT NOT NULL              -- SHA-256 over this, the case's rows so far, and the seal before
) STRICT;
CREATE INDEX audit_event_of ON audit_event (case_id, id);

-- What a step held: the last line of a hold says whether it is for good.
CREATE TABLE audit_hold (
  event   INTEGER NOT NULL REFERENCES audit_event,
  case_id INTEGER NOT NULL REFERENCES audit_case,
  hold    INTEGER NOT NULL REFERENCES hold,
  final   INTEGER NOT NULL CHECK (final IN (0, 1)),
  PRIMARY KEY (event, hold)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_hold_of ON audit_hold (hold);

-- How each case stands.
CREATE VIEW audit_state AS
SELECT c.id AS case_id, e.state AS state, e.id AS event
FROM audit_case AS c
JOIN audit_event AS e ON e.id = (SELECT max(id) FROM audit_event WHERE case_id = c.id);

-- Of two who decide at once the second finds another state than it thought.
CREATE TRIGGER audit_event_goes_on BEFORE INSERT ON audit_event
WHEN NEW.was <> coalesce((SELECT state FROM audit_event WHERE case_id = NEW.case_id
                          ORDER BY id DESC LIMIT 1), '')
BEGIN SELECT raise(ABORT, 'the case stands otherwise by now'); END;

CREATE TRIGGER audit_run_stays BEFORE UPDATE ON audit_run
BEGIN SELECT raise(ABORT, 'what was found is never overwritten'); END;
CREATE TRIGGER audit_run_is_kept BEFORE DELETE ON audit_run
BEGIN SELECT raise(ABORT, 'what was found is never overwritten'); END;
CREATE TRIGGER audit_case_stays BEFORE UPDATE ON audit_case
BEGIN SELECT raise(ABORT, 'a case is never overwritten'); END;
CREATE TRIGGER audit_case_is_kept BEFORE DELETE ON audit_case
BEGIN SELECT raise(ABORT, 'a case is never overwritten'); END;
CREATE TRIGGER audit_fact_stays BEFORE UPDATE ON audit_fact
BEGIN SELECT raise(ABORT, 'what was found is never overwritten'); END;
CREATE TRIGGER audit_fact_is_kept BEFORE DELETE ON audit_fact
BEGIN SELECT raise(ABORT, 'what was found is never overwritten'); END;
CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event
BEGIN SELECT raise(ABORT, 'a step is never overwritten'); END;
CREATE TRIGGER audit_event_is_kept BEFORE DELETE ON audit_event
BEGIN SELECT raise(ABORT, 'a step is never overwritten'); END;
CREATE TRIGGER audit_hold_stays BEFORE UPDATE ON audit_hold
BEGIN SELECT raise(ABORT, 'what was held is never overwritten'); END;
CREATE TRIGGER audit_hold_is_kept BEFORE DELETE ON audit_hold
BEGIN SELECT raise(ABORT, 'what was held is never overwritten'); END;
