-- Money held, by hand or by an audit: who, when, why, and of what. Nothing
-- here is ever changed: what ends a hold is a line of its own.
CREATE TABLE hold (
  id      INTEGER PRIMARY KEY,
  round   INTEGER NOT NULL,
  hcode   TEXT NOT NULL,
  item    TEXT NOT NULL,               -- an item of the rulebook, or a word for more (money::holds)
  tranche TEXT NOT NULL,
  share   INTEGER NOT NULL CHECK (share BETWEEN 1 AND 10000), -- hundredths of a percent
  at      TEXT NOT NULL,
  by      TEXT NOT NULL,
  reason  TEXT NOT NULL,
  after   INTEGER NOT NULL             -- the last submission there was: part of which state it is
) STRICT;
CREATE INDEX hold_by_unit ON hold (round, hcode);

CREATE TABLE hold_release (
  hold   INTEGER PRIMARY KEY REFERENCES hold,
  at     TEXT NOT NULL,
  by     TEXT NOT NULL,
  reason TEXT NOT NULL,
  after  INTEGER NOT NULL
) STRICT;

CREATE TRIGGER hold_stays BEFORE UPDATE ON hold
BEGIN SELECT raise(ABORT, 'a hold is never overwritten'); END;
CREATE TRIGGER hold_is_kept BEFORE DELETE ON hold
BEGIN SELECT raise(ABORT, 'a hold is never overwritten'); END;
CREATE TRIGGER hold_release_stays BEFORE UPDATE ON hold_release
BEGIN SELECT raise(ABORT, 'the end of a hold is never overwritten'); END;
CREATE TRIGGER hold_release_is_kept BEFORE DELETE ON hold_release
BEGIN SELECT raise(ABORT, 'the end of a hold is never overwritten'); END;
