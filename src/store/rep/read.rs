//! What came back, as it is shown: beside what was said here.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, ToSql, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{RepLine, StatementLine};
use crate::store::queries::json_list;
use crate::store::{ListPage, Reader, Result, Scope};

/// Rows of a file as a destination sees them, beside what was said here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepSum {
    /// Who answered.
    pub destination: String,
    /// The unit that sent the rows; blank when nobody knows.
    pub hcode: String,
    /// The file.
    pub file: String,
    /// Rows of ours that they told of.
    pub received: u64,
    /// Passed there.
    pub passed: u64,
    /// Refused there.
    pub refused: u64,
    /// Points that they gave, in hundredths.
    #[serde(skip)]
    pub points: i64,
    /// Points that they gave.
    #[serde(rename = "points")]
    pub shown_points: String,
    /// Rows that were accepted here.
    pub accepted: u64,
    /// Accepted here, and refused there: what our rules lack.
    pub passed_here_only: u64,
    /// Rejected here, and passed there.
    pub passed_there_only: u64,
    /// Freed since, so that the corrected row can be sent.
    pub freed: u64,
}

/// How often a code was given to rows that were passed on the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodeBeside {
    /// The code; theirs, or ours.
    pub code: String,
    /// Whose code it is: `theirs` was given to rows that were accepted here,
    /// `ours` to rows that were passed there.
    pub of: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// A line about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepRowLine {
    /// Line in the file that came back.
    pub at: u64,
    /// The unit that sent the row; blank when nobody knows.
    pub hcode: String,
    /// The archive that was sent on, as told.
    pub archive: String,
    /// The file.
    pub file: String,
    /// The kind of record; blank when it is not known.
    pub record: String,
    /// The submission; null when it is nobody's row.
    pub submission: Option<i64>,
    /// Line in the member as received.
    pub line: Option<u32>,
    /// How it was found: `line` or `key`; blank when it was not.
    pub matched: String,
    /// Why it was not found, in a word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Key of the row.
    pub key: String,
    /// Day of the event, `YYYYMMDD`.
    pub day: Option<i64>,
    /// Codes, with a comma between.
    pub code: String,
    /// Whether it was passed.
    pub passed: bool,
    /// Points that they gave.
    pub points: Option<String>,
    /// Whether it was freed since.
    pub freed: bool,
}

/// Which lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepFilter {
    /// Of one of these units; `None` for all, also those of nobody.
    pub units: Scope,
    /// Of this unit.
    pub hcode: Option<String>,
    /// Only refused or unmatched ones.
    pub bad_only: bool,
}

/// Hundredths as a decimal.
pub(super) fn decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let whole = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

const REP: &str = "SELECT p.id, p.destination, p.kind, p.layout, p.proven, p.file, p.sha256,
    p.imported_at, p.by, p.rows, p.refused, p.unmatched,
    (SELECT count(*) FROM freed_row AS f WHERE f.rep = p.id) FROM rep AS p";

/// The same with the counts of some units alone (`?1`); those without any are
/// left out.
const REP_OF: &str = "SELECT p.id, p.destination, p.kind, p.layout, p.proven, p.file, p.sha256,
    p.imported_at, p.by, count(*), sum(NOT r.passed), sum(r.sub IS NULL),
    sum(EXISTS (SELECT 1 FROM freed_row AS f WHERE f.sub = r.sub AND f.record = r.record
                  AND f.line = r.line AND f.rep = p.id))
    FROM rep AS p JOIN rep_row AS r ON r.rep = p.id
    WHERE r.hcode IN (SELECT value FROM json_each(?1))";

fn rep_of(row: &Row<'_>) -> rusqlite::Result<RepLine> {
    let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
    Ok(RepLine {
        rep: row.get(0)?,
        destination: row.get(1)?,
        kind: row.get(2)?,
        layout: row.get(3)?,
        proven: row.get(4)?,
        file: row.get(5)?,
        sha256: row.get(6)?,
        imported_at: row.get(7)?,
        by: row.get(8)?,
        rows: number(9)?,
        refused: number(10)?,
        unmatched: number(11)?,
        freed: number(12)?,
    })
}

/// Of which submissions: one, or those of units in a round.
const OF_ONE: &str = "SELECT ?1 AS id";

fn of_units(units: &Scope) -> &'static str {
    match units {
        Some(_) => {
            "SELECT id FROM submission
             WHERE hcode IN (SELECT value FROM json_each(?2)) AND round = ?1"
        }
        None => "SELECT id FROM submission WHERE round = ?1 AND ?2 IS NULL",
    }
}

/// Which lines of files tell how a row stands: the last that each destination
/// sent, as `rep_state` has them, which no condition on submissions gets into.
const LAST: &str = "r.sub IN (SELECT id FROM of) AND NOT EXISTS (
    SELECT 1 FROM rep_row AS later
    WHERE later.sub = r.sub AND later.record = r.record AND later.line = r.line
      AND later.destination = r.destination AND later.rep > r.rep)";

/// How rows of `submissions` stand (`state`), by which `lines`, and the lines
/// that were rejected here (`bad`). All of it is read once.
fn state(submissions: &str, lines: &str) -> String {
    format!(
        "WITH of AS MATERIALIZED (
           SELECT id FROM ({submissions}) AS o
           WHERE EXISTS (SELECT 1 FROM rep_row AS r WHERE r.sub = o.id)),
         bad AS MATERIALIZED (
           SELECT DISTINCT l.submission AS sub, k.file, l.line FROM of
           CROSS JOIN finding_line AS l ON l.submission = of.id
           CROSS JOIN finding_kind AS k ON k.submission = l.submission AND k.kind = l.kind
           WHERE k.severity = 'error'),
         state AS MATERIALIZED (
           SELECT r.destination, r.sub, r.record, r.line, r.rep, max(r.file) AS file,
             max(r.hcode) AS hcode, max(r.day) AS day, max(r.key) AS key,
             min(r.passed) AS passed, max(r.points) AS points,
             group_concat(nullif(r.code, ''), ',') AS code
           FROM rep_row AS r WHERE {lines}
           GROUP BY r.sub, r.record, r.line, r.destination, r.rep)"
    )
}

/// Sums by destination, unit and file of the rows of `state`. `IN` is looked up
/// in a tree that is built once; `NOT IN` would go through all of it.
const SUM: &str = "SELECT r.destination, r.hcode, r.file, count(*), sum(r.passed),
    sum(NOT r.passed), coalesce(sum(r.points), 0), sum(r.ours), sum(r.ours AND NOT r.passed),
    sum(NOT r.ours AND r.passed), sum(r.freed) FROM (
      SELECT s.*, CASE WHEN (s.sub, s.file, s.line) IN (SELECT sub, file, line FROM bad)
          THEN 0 ELSE 1 END AS ours, EXISTS (SELECT 1 FROM freed_row AS f
          WHERE f.sub = s.sub AND f.record = s.record AND f.line = s.line) AS freed
      FROM state AS s) AS r";

/// Codes of rows that were accepted here and refused there.
const THEIRS: &str = "SELECT s.code, count(*) FROM state AS s
    WHERE NOT s.passed AND s.code IS NOT NULL
      AND CASE WHEN (s.sub, s.file, s.line) IN (SELECT sub, file, line FROM bad)
        THEN 0 ELSE 1 END GROUP BY 1";

/// Codes of rows that were rejected here and passed there.
const OURS: &str = "SELECT code, count(*) FROM (
      SELECT DISTINCT k.code, l.submission, k.file, l.line FROM of
      CROSS JOIN finding_line AS l ON l.submission = of.id
      CROSS JOIN finding_kind AS k ON k.submission = l.submission AND k.kind = l.kind
      WHERE k.severity = 'error'
        AND (l.submission, k.file, l.line) IN (SELECT sub, file, line FROM state WHERE passed))
    GROUP BY 1";

fn sum_of(row: &Row<'_>) -> rusqlite::Result<RepSum> {
    let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
    let points = row.get(6)?;
    Ok(RepSum {
        destination: row.get(0)?,
        hcode: row.get(1)?,
        file: row.get(2)?,
        received: number(3)?,
        passed: number(4)?,
        refused: number(5)?,
        points,
        shown_points: decimal(points),
        accepted: number(7)?,
        passed_here_only: number(8)?,
        passed_there_only: number(9)?,
        freed: number(10)?,
    })
}

impl Reader {
    /// Files that came back, newest first; of some units those alone that tell
    /// of their rows, with the counts of these.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn reps(&self, units: &Scope) -> Result<Vec<RepLine>> {
        match json_list(units) {
            None => self.rep_lines(&format!("{REP} ORDER BY p.id DESC"), &[]),
            Some(list) => {
                let sql = format!("{REP_OF} GROUP BY p.id ORDER BY p.id DESC");
                self.rep_lines(&sql, &[&list])
            }
        }
    }

    /// A file that came back, by number.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep(&self, id: i64, units: &Scope) -> Result<Option<RepLine>> {
        let found = match json_list(units) {
            None => self.rep_lines(&format!("{REP} WHERE p.id = ?1"), &[&id])?,
            Some(list) => {
                let sql = format!("{REP_OF} AND p.id = ?2 GROUP BY p.id");
                self.rep_lines(&sql, &[&list, &id])?
            }
        };
        Ok(found.into_iter().next())
    }

    fn rep_lines(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<RepLine>> {
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map(values, rep_of)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// What destinations said last of the rows of a submission, by file.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_of_submission(&self, submission: i64) -> Result<Vec<RepSum>> {
        self.rep_sums(&state(OF_ONE, LAST), "", &[&submission])
    }

    /// The same of all rows of units in a round.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_of_units(&self, round: i32, units: &Scope) -> Result<Vec<RepSum>> {
        self.rep_sums(&state(of_units(units), LAST), "", &[&round, &json_list(units)])
    }

    /// What a file said of the rows of each unit, by file of the standard,
    /// whatever was said later.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_sums_of(&self, rep: i64, units: &Scope) -> Result<Vec<RepSum>> {
        let of = "SELECT DISTINCT sub AS id FROM rep_row WHERE rep = ?1 AND sub IS NOT NULL";
        let state = state(of, "r.rep = ?1 AND r.sub IS NOT NULL");
        let only = "WHERE ?2 IS NULL OR r.hcode IN (SELECT value FROM json_each(?2))";
        self.rep_sums(&state, only, &[&rep, &json_list(units)])
    }

    fn rep_sums(&self, state: &str, only: &str, values: &[&dyn ToSql]) -> Result<Vec<RepSum>> {
        let sql = format!("{state} {SUM} {only} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(values, sum_of)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Codes of rows of a submission on which this house and a destination
    /// disagree, the most frequent first.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_codes(&self, submission: i64) -> Result<Vec<CodeBeside>> {
        self.codes_beside(&state(OF_ONE, LAST), &[&submission])
    }

    /// The same of all rows of units in a round.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_codes_of_units(&self, round: i32, units: &Scope) -> Result<Vec<CodeBeside>> {
        self.codes_beside(&state(of_units(units), LAST), &[&round, &json_list(units)])
    }

    fn codes_beside(&self, state: &str, values: &[&dyn ToSql]) -> Result<Vec<CodeBeside>> {
        let mut count: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
        let mut query = self.conn.prepare_cached(&format!("{state} {THEIRS}"))?;
        let mut rows = query.query(values)?;
        while let Some(row) = rows.next()? {
            let codes: String = row.get(0)?;
            let own: std::collections::BTreeSet<&str> = codes.split(',').collect();
            for code in own {
                *count.entry(("theirs", code.to_owned())).or_default() +=
                    row.get::<_, i64>(1)? as u64;
            }
        }
        let mut query = self.conn.prepare_cached(&format!("{state} {OURS}"))?;
        let mut rows = query.query(values)?;
        while let Some(row) = rows.next()? {
            *count.entry(("ours", row.get(0)?)).or_default() += row.get::<_, i64>(1)? as u64;
        }
        let mut all: Vec<CodeBeside> =
            count.into_iter().map(|((of, code), rows)| CodeBeside { code, of, rows }).collect();
        all.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.code.cmp(&b.code)));
        Ok(all)
    }

    /// Lines of a file that came back, in their order.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_rows(
        &self,
        rep: i64,
        filter: &RepFilter,
        page: u64,
        per_page: u64,
    ) -> Result<ListPage<RepRowLine>> {
        let scope = json_list(&filter.units);
        let of = "FROM rep_row AS r WHERE r.rep = ?1
            AND (?2 IS NULL OR r.hcode IN (SELECT value FROM json_each(?2)))
            AND (?3 IS NULL OR r.hcode = ?3) AND (NOT ?4 OR NOT r.passed OR r.sub IS NULL)";
        let values = params![rep, scope, filter.hcode, filter.bad_only];
        let total: i64 = self
            .conn
            .prepare_cached(&format!("SELECT count(*) {of}"))?
            .query_row(values, |row| row.get(0))?;
        let first = per_page.saturating_mul(page.saturating_sub(1));
        let sql = format!(
            "SELECT r.at, r.hcode, r.archive, r.file, r.record, r.sub, r.line, r.how, r.why, r.key,
               r.day, r.code, r.passed, r.points,
               EXISTS (SELECT 1 FROM freed_row AS f
                 WHERE f.sub = r.sub AND f.record = r.record AND f.line = r.line)
             {of} ORDER BY r.seq LIMIT {per_page} OFFSET {first}"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(values, |row| {
            Ok(RepRowLine {
                at: row.get::<_, i64>(0)? as u64,
                hcode: row.get(1)?,
                archive: row.get(2)?,
                file: row.get(3)?,
                record: row.get(4)?,
                submission: row.get(5)?,
                line: row.get(6)?,
                matched: row.get(7)?,
                why: row.get(8)?,
                key: row.get(9)?,
                day: row.get(10)?,
                code: row.get(11)?,
                passed: row.get(12)?,
                points: row.get::<_, Option<i64>>(13)?.map(decimal),
                freed: row.get(14)?,
            })
        })?;
        let rows = rows.collect::<std::result::Result<_, _>>()?;
        Ok(ListPage { rows, total: total as u64, page, per_page })
    }

    /// Rows of ours that were refused and not freed, with their unit: what is
    /// still to be mended, of a unit in a round.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_refused(&self, hcode: &str, round: i32, most: u64) -> Result<Vec<RepRowLine>> {
        let state = state(
            "SELECT id FROM submission
             WHERE hcode = ?1 AND round = ?2 AND status IN ('accepted', 'partial')",
            LAST,
        );
        let mut query = self.conn.prepare_cached(&format!(
            "{state} SELECT s.rep, s.hcode, s.file, s.record, s.sub, s.line, s.key, s.day,
                    coalesce(s.code, ''), s.points
             FROM state AS s WHERE NOT s.passed AND NOT EXISTS (SELECT 1 FROM freed_row AS f
                 WHERE f.sub = s.sub AND f.record = s.record AND f.line = s.line)
             ORDER BY s.sub, s.file, s.line LIMIT ?3"
        ))?;
        let rows = query.query_map(params![hcode, round, most as i64], |row| {
            Ok(RepRowLine {
                at: row.get::<_, i64>(0)? as u64,
                hcode: row.get(1)?,
                archive: String::new(),
                file: row.get(2)?,
                record: row.get(3)?,
                submission: row.get(4)?,
                line: row.get(5)?,
                matched: String::new(),
                why: String::new(),
                key: row.get(6)?,
                day: row.get(7)?,
                code: row.get(8)?,
                passed: false,
                points: row.get::<_, Option<i64>>(9)?.map(decimal),
                freed: false,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Money received in a round, by main unit, part and line.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn received(&self, round: i64, cup: Option<&str>) -> Result<Vec<StatementLine>> {
        let mut query = self.conn.prepare_cached(
            "SELECT rep, at, round, part, period, cup, hcode, amount, document, paid_on
             FROM statement_line WHERE round = ?1 AND (?2 IS NULL OR cup = ?2)
             ORDER BY cup, part, period, rep, seq",
        )?;
        let rows = query.query_map(params![round, cup], |row| {
            Ok(StatementLine {
                rep: row.get(0)?,
                at: row.get::<_, i64>(1)? as u64,
                round: row.get(2)?,
                part: row.get(3)?,
                period: row.get(4)?,
                cup: row.get(5)?,
                hcode: row.get(6)?,
                amount: row.get(7)?,
                document: row.get(8)?,
                paid_on: row.get(9)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// The standard and the name of the archive of a submission.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn archive_of(&self, submission: i64) -> Result<Option<(Option<String>, String)>> {
        let mut query =
            self.conn.prepare_cached("SELECT standard, archive FROM submission WHERE id = ?1")?;
        Ok(query.query_row([submission], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}
