-- Totals of codes by severity: a code may be a warning in one standard and an
-- error in the other, and one (unreadable values, XX9511) may be both in one
-- archive, so that a code alone does not say how bad it was.
CREATE TABLE finding_total_by_severity (
  submission INTEGER NOT NULL REFERENCES submission,
  code       TEXT NOT NULL,
  severity   TEXT NOT NULL,            -- blank: not known, see below
  total      INTEGER NOT NULL,
  PRIMARY KEY (submission, code, severity)
) STRICT, WITHOUT ROWID;

-- Of what was loaded before, the findings kept tell it. Where none was kept, or
-- not all of a code that has two, it stays blank and the catalogue tells it.
INSERT INTO finding_total_by_severity
WITH kind AS (
  SELECT submission, code, min(severity) AS severity FROM finding_kind
  WHERE code NOT LIKE '%9511' GROUP BY 1, 2),
two AS (
  SELECT submission, code, severity, count(*) AS kept FROM finding
  WHERE code LIKE '%9511' GROUP BY 1, 2, 3),
whole AS (
  SELECT t.submission, t.code FROM finding_total AS t
  WHERE t.total = (SELECT sum(kept) FROM two AS k
                   WHERE k.submission = t.submission AND k.code = t.code))
SELECT t.submission, t.code, coalesce(k.severity, ''), t.total
FROM finding_total AS t LEFT JOIN kind AS k USING (submission, code)
WHERE NOT EXISTS (SELECT 1 FROM whole AS w
                  WHERE w.submission = t.submission AND w.code = t.code)
UNION ALL
SELECT k.submission, k.code, k.severity, k.kept
FROM two AS k JOIN whole USING (submission, code);

DROP TABLE finding_total;
ALTER TABLE finding_total_by_severity RENAME TO finding_total;

CREATE TRIGGER finding_counted AFTER INSERT ON finding_total
BEGIN
  INSERT INTO code_total VALUES (NEW.code, NEW.total)
  ON CONFLICT (code) DO UPDATE SET total = total + excluded.total;
END;
