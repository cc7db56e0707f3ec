-- Parts of a round (a quarter of volume money, a tranche of performance money)
-- that were paid: on which state, by whose decision, and every figure. Rows can
-- be taken back and registers replaced later, so that the state alone would not
-- give the figures again: they are kept themselves. Nothing here is ever
-- changed; what takes a part up again is a line of its own. Amounts are satang,
-- points hundredths.

-- Rulebooks that something was paid by, whole.
CREATE TABLE closing_rulebook (
  sha256 TEXT PRIMARY KEY,
  text   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE closing (
  id            INTEGER PRIMARY KEY,
  round         INTEGER NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('quarter', 'tranche')),
  part          TEXT NOT NULL,           -- its number in the rulebook
  at            TEXT NOT NULL,           -- RFC 3339, Asia/Bangkok
  by            TEXT NOT NULL,
  after         INTEGER NOT NULL,        -- the last submission there was: part of which state it is
  submission    INTEGER NOT NULL,        -- the last one that counts in it
  rulebook      TEXT NOT NULL REFERENCES closing_rulebook,
  rulebook_file TEXT NOT NULL,
  population    TEXT NOT NULL,           -- what heads were counted from
  registry      TEXT,                    -- SHA-256 of the registry, where there is one
  registry_file TEXT,
  registry_at   TEXT,
  units         TEXT NOT NULL,           -- SHA-256 of units.csv
  program       TEXT NOT NULL,           -- version of the code that counted
  heads         INTEGER NOT NULL,
  own           INTEGER NOT NULL,        -- the pool by heads
  joined        INTEGER NOT NULL,        -- what joined it
  shared        INTEGER NOT NULL,        -- what units got
  unshared      INTEGER NOT NULL,        -- what nobody got, or earned
  points        INTEGER NOT NULL,        -- of all units; of a tranche their scores
  CHECK (own + joined = shared + unshared)
) STRICT;
CREATE INDEX closing_by_part ON closing (round, kind, part);

-- What each unit got, and what that rests on.
CREATE TABLE closing_unit (
  closing INTEGER NOT NULL REFERENCES closing,
  hcode   TEXT NOT NULL,
  name    TEXT NOT NULL,
  cup     TEXT NOT NULL,                 -- through which it was paid
  heads   INTEGER NOT NULL,
  points  INTEGER NOT NULL,              -- of a tranche the quality score
  most    INTEGER NOT NULL,              -- of a tranche the highest score
  ceiling INTEGER NOT NULL,              -- of a tranche what the highest score would have earned
  amount  INTEGER NOT NULL,
  held    INTEGER NOT NULL,
  PRIMARY KEY (closing, hcode)
) STRICT, WITHOUT ROWID;

CREATE TABLE closing_item (
  closing INTEGER NOT NULL REFERENCES closing,
  hcode   TEXT NOT NULL,
  item    TEXT NOT NULL,
  points  INTEGER NOT NULL,
  amount  INTEGER NOT NULL,
  held    INTEGER NOT NULL,
  PRIMARY KEY (closing, hcode, item)
) STRICT, WITHOUT ROWID;

-- What was put right with it: differences of parts that had been paid before.
CREATE TABLE closing_correction (
  closing INTEGER NOT NULL REFERENCES closing,
  part    TEXT NOT NULL,                 -- which part it is about
  hcode   TEXT NOT NULL,
  amount  INTEGER NOT NULL,
  held    INTEGER NOT NULL,
  PRIMARY KEY (closing, part, hcode)
) STRICT, WITHOUT ROWID;

-- The same of what nobody got of those parts.
CREATE TABLE closing_unshared (
  closing INTEGER NOT NULL REFERENCES closing,
  part    TEXT NOT NULL,
  amount  INTEGER NOT NULL,
  PRIMARY KEY (closing, part)
) STRICT, WITHOUT ROWID;

-- What was paid through each main unit.
CREATE TABLE closing_cup (
  closing         INTEGER NOT NULL REFERENCES closing,
  cup             TEXT NOT NULL,
  name            TEXT NOT NULL,
  units           INTEGER NOT NULL,
  amount          INTEGER NOT NULL,
  held            INTEGER NOT NULL,
  corrected       INTEGER NOT NULL,
  corrected_held  INTEGER NOT NULL,
  PRIMARY KEY (closing, cup)
) STRICT, WITHOUT ROWID;

-- Holds that were in force.
CREATE TABLE closing_hold (
  closing INTEGER NOT NULL REFERENCES closing,
  hold    INTEGER NOT NULL REFERENCES hold,
  PRIMARY KEY (closing, hold)
) STRICT, WITHOUT ROWID;

-- A digest over all of the above and the seal before: it is whole from here on.
CREATE TABLE closing_seal (
  closing INTEGER PRIMARY KEY REFERENCES closing,
  digest  TEXT NOT NULL
) STRICT;

-- A part taken up again.
CREATE TABLE reopening (
  closing INTEGER PRIMARY KEY REFERENCES closing,
  at      TEXT NOT NULL,
  by      TEXT NOT NULL CHECK (by <> ''),
  reason  TEXT NOT NULL CHECK (reason <> ''),
  after   INTEGER NOT NULL,
  digest  TEXT NOT NULL
) STRICT;

CREATE TRIGGER closing_once BEFORE INSERT ON closing
WHEN EXISTS (SELECT 1 FROM closing AS c
             WHERE c.round = NEW.round AND c.kind = NEW.kind AND c.part = NEW.part
               AND NOT EXISTS (SELECT 1 FROM reopening WHERE closing = c.id))
BEGIN SELECT raise(ABORT, 'it is closed already'); END;

CREATE TRIGGER closing_rulebook_stays BEFORE UPDATE ON closing_rulebook
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_rulebook_is_kept BEFORE DELETE ON closing_rulebook
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_stays BEFORE UPDATE ON closing
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_is_kept BEFORE DELETE ON closing
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_unit_stays BEFORE UPDATE ON closing_unit
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_unit_is_kept BEFORE DELETE ON closing_unit
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_item_stays BEFORE UPDATE ON closing_item
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_item_is_kept BEFORE DELETE ON closing_item
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_correction_stays BEFORE UPDATE ON closing_correction
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_correction_is_kept BEFORE DELETE ON closing_correction
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_unshared_stays BEFORE UPDATE ON closing_unshared
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_unshared_is_kept BEFORE DELETE ON closing_unshared
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_cup_stays BEFORE UPDATE ON closing_cup
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_cup_is_kept BEFORE DELETE ON closing_cup
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_hold_stays BEFORE UPDATE ON closing_hold
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_hold_is_kept BEFORE DELETE ON closing_hold
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_seal_stays BEFORE UPDATE ON closing_seal
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER closing_seal_is_kept BEFORE DELETE ON closing_seal
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER reopening_stays BEFORE UPDATE ON reopening
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;
CREATE TRIGGER reopening_is_kept BEFORE DELETE ON reopening
BEGIN SELECT raise(ABORT, 'what was paid is never overwritten'); END;

CREATE TRIGGER closing_unit_is_whole BEFORE INSERT ON closing_unit
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;

CREATE TRIGGER closing_item_is_whole BEFORE INSERT ON closing_item
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;

CREATE TRIGGER closing_correction_is_whole BEFORE INSERT ON closing_correction
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;

CREATE TRIGGER closing_unshared_is_whole BEFORE INSERT ON closing_unshared
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;

CREATE TRIGGER closing_cup_is_whole BEFORE INSERT ON closing_cup
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;

CREATE TRIGGER closing_hold_is_whole BEFORE INSERT ON closing_hold
WHEN EXISTS (SELECT 1 FROM closing_seal WHERE closing = NEW.closing)
BEGIN SELECT raise(ABORT, 'what was paid is never added to'); END;
