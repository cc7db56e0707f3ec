-- Findings kept, compact: what many lines of a submission share is written
-- once. `finding` is a view from here on, with the columns that it had.
CREATE TABLE finding_kind (
  submission INTEGER NOT NULL REFERENCES submission,
  kind       INTEGER NOT NULL,
  code       TEXT NOT NULL,
  severity   TEXT NOT NULL,
  file       TEXT NOT NULL,
  field      TEXT,
  PRIMARY KEY (submission, kind)
) STRICT, WITHOUT ROWID;

-- In the order of file and line. Kinds are looked up by `verify`, not at each
-- of many lines.
CREATE TABLE finding_line (
  submission INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  kind       INTEGER NOT NULL,
  line       INTEGER NOT NULL,
  value      TEXT NOT NULL,
  key        TEXT NOT NULL,
  PRIMARY KEY (submission, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO finding_kind
SELECT submission, row_number() OVER (PARTITION BY submission ORDER BY min(seq)) - 1,
       code, severity, file, field
FROM finding GROUP BY submission, code, severity, file, field;

INSERT INTO finding_line
SELECT f.submission, f.seq, k.kind, f.line, f.value, f.key
FROM finding AS f
JOIN finding_kind AS k ON k.submission = f.submission AND k.code = f.code
  AND k.severity = f.severity AND k.file = f.file AND k.field IS f.field;

DROP TABLE finding;

CREATE VIEW finding AS
SELECT l.submission, l.seq, k.code, k.severity, k.file, l.line, k.field, l.value, l.key
FROM finding_line AS l
JOIN finding_kind AS k ON k.submission = l.submission AND k.kind = l.kind;
