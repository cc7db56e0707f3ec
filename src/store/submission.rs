//! Submissions in the store: written with their rows, read back whole.

use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta};
use rusqlite::{Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashMap;

use super::connection::Reader;
use super::insert::TOGETHER;
use super::submission_writer::SubmissionWriter;
use super::{Result, Store, StoreError};
use crate::archive::Standard;
use crate::catalog::{Catalog, Severity};
use crate::submission::{
    Counts, FindingLine, MonthCounts, Problem, Status, Submission, Texts, VoidRecord,
};

/// Columns of a finding's line, besides the submission.
const LINE_COLUMNS: usize = 5;

static LINE: LazyLock<String> = LazyLock::new(|| lines_sql(1));
static LINES: LazyLock<String> = LazyLock::new(|| lines_sql(TOGETHER));

/// Inserts so many lines of findings. Parameters: the submission, then the
/// columns of each line. `OR FAIL` as in [`super::tables::Table::insert_sql`].
fn lines_sql(lines: usize) -> String {
    let rows: Vec<String> = (0..lines)
        .map(|line| 2 + line * LINE_COLUMNS)
        .map(|p| format!("(?1, ?{p}, ?{}, ?{}, ?{}, ?{})", p + 1, p + 2, p + 3, p + 4))
        .collect();
    format!("INSERT OR FAIL INTO finding_line VALUES {}", rows.join(", "))
}

/// A submission that is committed: where its original belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSubmission {
    /// Status of the submission.
    pub status: Status,
    /// Where the original belongs, below the data folder.
    pub stored: Option<String>,
}

/// A time of loading, or the first moment after the last void if that is later.
fn later_than_voids(conn: &Connection, loaded_at: &str) -> Result<String> {
    let void: Option<String> =
        conn.prepare_cached("SELECT max(at) FROM void")?.query_row([], |row| row.get(0))?;
    let void = void.filter(|void| void.as_str() >= loaded_at);
    let void = void.and_then(|void| DateTime::parse_from_rfc3339(&void).ok());
    let next = void.map(|void| (void + TimeDelta::nanoseconds(1)).to_rfc3339());
    Ok(next.unwrap_or_else(|| loaded_at.to_owned()))
}

impl SubmissionWriter<'_> {
    /// Whether a place below the data folder is that of a committed submission,
    /// also when its original has not been moved there yet.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn is_promised(&self, place: &str) -> Result<bool> {
        let mut query = self.conn().prepare_cached("SELECT 1 FROM submission WHERE stored = ?1")?;
        Ok(query.exists([place])?)
    }

    /// Writes the submission with its problems, counts and findings.
    ///
    /// The time of loading is kept later than every void so far, whatever the clock
    /// says, so that a past state knows which voids came after it.
    ///
    /// # Errors
    /// Errors of the database, such as a number that is taken.
    pub fn record(&mut self, s: &Submission, loaded_at: &str) -> Result<()> {
        let id = self.submission();
        let conn = self.conn();
        let loaded_at = later_than_voids(conn, loaded_at)?;
        let mut sum = Counts::default();
        s.months.iter().for_each(|month| sum.add(&month.counts));
        conn.prepare_cached(
            "INSERT INTO submission (id, archive, sha256, bytes, standard, hcode, sent_at,
               received_at, loaded_at, round, status, stored, findings_cut, received, accepted,
               duplicate, rejected)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            id,
            s.archive,
            s.sha256,
            s.bytes as i64,
            s.standard.map(|standard| standard.to_string()),
            s.hcode,
            s.sent_at,
            s.received_at,
            loaded_at,
            s.round,
            s.status.as_str(),
            s.stored,
            s.findings_cut,
            sum.received as i64,
            sum.accepted as i64,
            sum.duplicate as i64,
            sum.rejected as i64,
        ])?;
        let mut problem =
            conn.prepare_cached("INSERT INTO problem VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for (seq, p) in s.problems.iter().chain(&s.notes).enumerate() {
            let member = p.member.as_deref().unwrap_or("");
            problem.execute(params![
                id,
                seq as i64,
                p.code,
                member,
                p.line.map(|l| l as i64),
                p.detail,
                p.nearest
            ])?;
        }
        let mut tally =
            conn.prepare_cached("INSERT INTO tally VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
        for m in &s.months {
            let c = &m.counts;
            let numbers = [c.received, c.accepted, c.duplicate, c.rejected, c.warned, c.on_time]
                .map(|n| n as i64);
            let [received, accepted, duplicate, rejected, warned, on_time] = numbers;
            tally.execute(params![
                id, m.file, m.month, received, accepted, duplicate, rejected, warned, on_time
            ])?;
        }
        self.record_findings(&s.findings)?;
        let mut total = conn.prepare_cached("INSERT INTO finding_total VALUES (?1, ?2, ?3, ?4)")?;
        for ((code, severity), count) in &s.severities {
            total.execute(params![id, code, severity.as_str(), *count as i64])?;
        }
        let mut touched = conn.prepare_cached("INSERT INTO touched VALUES (?1, ?2, ?3)")?;
        for (hcode, table) in self.touched.all() {
            touched.execute(params![id, hcode, self.record_of(*table)])?;
        }
        Ok(())
    }

    /// Writes the findings kept: what they share once, and a short line each.
    fn record_findings(&self, findings: &[FindingLine]) -> Result<()> {
        let (id, conn) = (self.submission(), self.conn());
        let mut kind =
            conn.prepare_cached("INSERT INTO finding_kind VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let mut one = conn.prepare_cached(&LINE)?;
        let mut many = conn.prepare_cached(&LINES)?;
        let mut kinds = FxHashMap::default();
        one.raw_bind_parameter(1, id)?;
        many.raw_bind_parameter(1, id)?;
        let whole = findings.len() - findings.len() % TOGETHER;
        for (seq, f) in findings.iter().enumerate() {
            let severity = f.severity.as_str();
            let next = kinds.len() as i64;
            let known = match kinds.entry((&f.code, severity, &f.file, &f.field)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    kind.execute(params![id, next, f.code, severity, f.file, f.field])?;
                    *new.insert(next)
                }
            };
            let (line, slot, slots) =
                if seq < whole { (&mut many, seq % TOGETHER, TOGETHER) } else { (&mut one, 0, 1) };
            let first = 2 + slot * LINE_COLUMNS;
            line.raw_bind_parameter(first, seq as i64)?;
            line.raw_bind_parameter(first + 1, known)?;
            line.raw_bind_parameter(first + 2, f.line)?;
            line.raw_bind_parameter(first + 3, &f.value)?;
            line.raw_bind_parameter(first + 4, &f.key)?;
            if slot + 1 == slots {
                line.raw_execute()?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Whether a submission is committed.
    ///
    /// # Errors
    /// Errors of the database, and a status that this program does not know.
    pub fn known(&self, id: i64) -> Result<Option<KnownSubmission>> {
        known(&self.conn, id)
    }

    /// The highest submission number so far, 0 for none.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn last_submission(&self) -> Result<i64> {
        last_submission(&self.conn)
    }

    /// A submission, whole.
    ///
    /// # Errors
    /// Errors of the database, and a status that this program does not know.
    pub fn submission(&self, id: i64, catalog: &Catalog) -> Result<Option<Submission>> {
        submission(&self.conn, id, catalog)
    }

    /// Every submission's number, where its original belongs, and its hash.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn originals(&self) -> Result<Vec<(i64, String, String)>> {
        let sql = "SELECT id, stored, sha256 FROM submission WHERE stored IS NOT NULL ORDER BY id";
        let mut query = self.conn.prepare(sql)?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

impl Reader {
    /// The highest submission number so far, 0 for none.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn last_submission(&self) -> Result<i64> {
        last_submission(&self.conn)
    }

    /// A submission, whole.
    ///
    /// # Errors
    /// Errors of the database, and a status that this program does not know.
    pub fn submission(&self, id: i64, catalog: &Catalog) -> Result<Option<Submission>> {
        submission(&self.conn, id, catalog)
    }

    /// A submission without its list of findings, which may be long.
    ///
    /// # Errors
    /// Errors of the database, and a status that this program does not know.
    pub fn submission_summary(&self, id: i64, catalog: &Catalog) -> Result<Option<Submission>> {
        summary(&self.conn, id, catalog)
    }
}

fn last_submission(conn: &Connection) -> Result<i64> {
    Ok(conn.query_row("SELECT coalesce(max(id), 0) FROM submission", [], |row| row.get(0))?)
}

/// Whether a submission is committed.
pub(super) fn is_known(conn: &Connection, id: i64) -> Result<bool> {
    Ok(known(conn, id)?.is_some())
}

fn known(conn: &Connection, id: i64) -> Result<Option<KnownSubmission>> {
    let found: Option<(String, Option<String>)> = conn
        .prepare_cached("SELECT status, stored FROM submission WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(status, stored)| Ok(KnownSubmission { status: status_of(&status)?, stored }))
        .transpose()
}

fn status_of(text: &str) -> Result<Status> {
    Status::parse(text).ok_or_else(|| StoreError::Inconsistent(format!("no status {text}")))
}

/// A severity as stored. It is blank in totals of archives that were loaded before
/// totals had a severity and that have no stored finding; then it is the severity
/// that the catalogue gives the code in the archive's standard.
pub(super) fn severity_of(
    stored: &str,
    catalog: &Catalog,
    code: &str,
    standard: Option<Standard>,
) -> Severity {
    let told = || standard.and_then(|of| catalog.findings.get(code, of)).map(|t| t.severity);
    Severity::parse(stored).or_else(told).unwrap_or(Severity::Error)
}

fn submission(conn: &Connection, id: i64, catalog: &Catalog) -> Result<Option<Submission>> {
    let Some(mut s) = summary(conn, id, catalog)? else { return Ok(None) };
    s.findings = findings(conn, id, catalog, s.standard)?;
    Ok(Some(s))
}

fn summary(conn: &Connection, id: i64, catalog: &Catalog) -> Result<Option<Submission>> {
    let head = conn
        .prepare_cached(
            "SELECT archive, sha256, bytes, standard, hcode, sent_at, received_at, round, status,
                    stored, findings_cut
             FROM submission WHERE id = ?1",
        )?
        .query_row([id], |row| Ok((head_of(row, id)?, row.get::<_, String>(8)?)))
        .optional()?;
    let Some((mut s, status)) = head else { return Ok(None) };
    s.status = status_of(&status)?;
    let (notes, problems) =
        problems(conn, id, catalog, s.standard)?.into_iter().partition(|p| p.code.starts_with('N'));
    (s.notes, s.problems) = (notes, problems);
    s.months = months(conn, id)?;
    s.files = Submission::sum_files(&s.months);
    let mut totals = conn
        .prepare_cached("SELECT code, severity, total FROM finding_total WHERE submission = ?1")?;
    let mut rows = totals.query([id])?;
    while let Some(row) = rows.next()? {
        let (code, stored): (String, String) = (row.get(0)?, row.get(1)?);
        let severity = severity_of(&stored, catalog, &code, s.standard);
        s.count(&code, severity, row.get::<_, i64>(2)? as u64);
    }
    s.void = conn
        .prepare_cached("SELECT at, by, reason, rows FROM void WHERE submission = ?1")?
        .query_row([id], |row| {
            let rows = row.get::<_, i64>(3)? as u64;
            Ok(VoidRecord { at: row.get(0)?, by: row.get(1)?, reason: row.get(2)?, rows })
        })
        .optional()?;
    s.freed = super::rep::freed_of(conn, id)?;
    Ok(Some(s))
}

fn head_of(row: &Row, id: i64) -> rusqlite::Result<Submission> {
    let standard: Option<String> = row.get(3)?;
    Ok(Submission {
        id: Some(id),
        archive: row.get(0)?,
        sha256: row.get(1)?,
        bytes: row.get::<_, i64>(2)? as u64,
        standard: standard.and_then(|name| match name.as_str() {
            "F21" => Some(Standard::F21),
            "F43" => Some(Standard::F43),
            _ => None,
        }),
        hcode: row.get(4)?,
        sent_at: row.get(5)?,
        received_at: row.get(6)?,
        round: row.get(7)?,
        status: Status::Broken, // replaced by the caller, who can say what is wrong with it
        problems: Vec::new(),
        files: Vec::new(),
        findings: Vec::new(),
        findings_total: std::collections::BTreeMap::new(),
        severities: std::collections::BTreeMap::new(),
        findings_cut: row.get(10)?,
        notes: Vec::new(),
        void: None,
        freed: Vec::new(),
        stored: row.get(9)?,
        months: Vec::new(),
    })
}

fn problems(
    conn: &Connection,
    id: i64,
    catalog: &Catalog,
    standard: Option<Standard>,
) -> Result<Vec<Problem>> {
    let mut query = conn.prepare_cached(
        "SELECT code, member, line, detail, nearest FROM problem WHERE submission = ?1 ORDER BY seq",
    )?;
    let rows = query.query_map([id], |row| {
        let code: String = row.get(0)?;
        let member: String = row.get(1)?;
        Ok(Problem {
            texts: Texts::find(catalog, &code, standard),
            code,
            member: Some(member).filter(|member| !member.is_empty()),
            line: row.get::<_, Option<i64>>(2)?.map(|line| line as u64),
            detail: row.get(3)?,
            nearest: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn months(conn: &Connection, id: i64) -> Result<Vec<MonthCounts>> {
    let mut query = conn.prepare_cached(
        "SELECT file, month, received, accepted, duplicate, rejected, warned, on_time
         FROM tally WHERE submission = ?1 ORDER BY file, month",
    )?;
    let rows = query.query_map([id], |row| {
        let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
        Ok(MonthCounts {
            file: row.get(0)?,
            month: row.get(1)?,
            counts: Counts {
                received: number(2)?,
                accepted: number(3)?,
                duplicate: number(4)?,
                rejected: number(5)?,
                warned: number(6)?,
                on_time: number(7)?,
            },
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn findings(
    conn: &Connection,
    id: i64,
    catalog: &Catalog,
    standard: Option<Standard>,
) -> Result<Vec<FindingLine>> {
    let mut query = conn.prepare_cached(
        "SELECT code, severity, file, line, field, value, key
         FROM finding WHERE submission = ?1 ORDER BY seq",
    )?;
    let rows = query.query_map([id], |row| finding_of(row, catalog, standard))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

pub(super) fn finding_of(
    row: &Row,
    catalog: &Catalog,
    standard: Option<Standard>,
) -> rusqlite::Result<FindingLine> {
    let code: String = row.get(0)?;
    let severity: String = row.get(1)?;
    Ok(FindingLine {
        texts: Texts::find(catalog, &code, standard).into(),
        severity: severity_of(&severity, catalog, &code, standard),
        code: code.into(),
        file: row.get::<_, String>(2)?.into(),
        line: row.get(3)?,
        field: row.get::<_, Option<String>>(4)?.map(Into::into),
        value: row.get(5)?,
        key: row.get(6)?,
    })
}
