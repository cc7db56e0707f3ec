-- Which rows have changed, so that figures which rest on the rows of a unit
-- alone are counted again only for units whose rows are others than before.
--
-- A mark stands for the rows of a unit and a kind of record as they are: it is
-- drawn anew whenever any of them is stored or taken back, and never comes
-- twice. So equal marks mean equal rows, also after a restore. Triggers draw
-- it, so that no way of writing can forget to.
CREATE TABLE mark (
  hcode  TEXT NOT NULL,                -- HOSPCODE of the rows; empty for the whole store
  record TEXT NOT NULL,                -- kind of record, or a word of the store's own
  mark   TEXT NOT NULL,
  PRIMARY KEY (hcode, record)
) STRICT, WITHOUT ROWID;

-- What stands for all that was stored before there were marks.
INSERT INTO mark VALUES ('', 'before', hex(randomblob(16)));

-- Units and kinds of record of which a submission stored a row (it may name
-- more, never fewer): written in the transaction that stores them.
CREATE TABLE touched (
  submission INTEGER NOT NULL REFERENCES submission,
  hcode      TEXT NOT NULL,
  record     TEXT NOT NULL,
  PRIMARY KEY (submission, hcode, record)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER touched_marked AFTER INSERT ON touched
BEGIN
  INSERT INTO mark VALUES (NEW.hcode, NEW.record, hex(randomblob(16)))
  ON CONFLICT (hcode, record) DO UPDATE SET mark = excluded.mark;
END;

-- What was taken back; of a submission from before there were marks nobody
-- knows whose rows it had.
CREATE TRIGGER void_marked AFTER INSERT ON void
BEGIN
  UPDATE mark SET mark = hex(randomblob(16))
  WHERE (hcode, record) IN
    (SELECT hcode, record FROM touched WHERE submission = NEW.submission);
  UPDATE mark SET mark = hex(randomblob(16))
  WHERE hcode = '' AND record = 'before' AND NEW.rows > 0
    AND NOT EXISTS (SELECT 1 FROM touched WHERE submission = NEW.submission);
END;

-- Whoever is in the population, and when submissions were sent on.
CREATE TRIGGER registry_marked AFTER INSERT ON registry
BEGIN
  INSERT INTO mark VALUES ('', 'registry', hex(randomblob(16)))
  ON CONFLICT (hcode, record) DO UPDATE SET mark = excluded.mark;
END;

CREATE TRIGGER forwarded_marked AFTER INSERT ON forwarded
BEGIN
  INSERT INTO mark VALUES ('', 'forwarded', hex(randomblob(16)))
  ON CONFLICT (hcode, record) DO UPDATE SET mark = excluded.mark;
END;

CREATE TRIGGER forwarded_marked_again AFTER UPDATE ON forwarded
BEGIN
  INSERT INTO mark VALUES ('', 'forwarded', hex(randomblob(16)))
  ON CONFLICT (hcode, record) DO UPDATE SET mark = excluded.mark;
END;
