//! What one unit sent in a round, over all its submissions: findings by code and line
//! by line. Submissions that were taken back are left out.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::Result;
use super::connection::Reader;
use super::mended::{FindingScope, Mended, Told, standard_of};
use super::queries::ListPage;
use super::submission::{finding_of, severity_of};
use crate::archive::Standard;
use crate::catalog::{Catalog, DUPLICATE};
use crate::submission::FindingLine;

/// A finding with the submission that it was found in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitFinding {
    /// Number of the submission.
    pub submission: i64,
    /// Name of the archive as sent.
    pub archive: String,
    /// When it was received.
    pub received_at: String,
    /// The standard of the archive.
    #[serde(skip)]
    pub standard: Option<Standard>,
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingLine,
}

/// Whether a finding asks its sender to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// It rejected a row that has not been mended yet.
    Open,
    /// The row has been mended since.
    Mended,
    /// Anything but what has been mended: warnings and duplicates, too.
    Standing,
}

/// The word by which duplicates are asked for: to the sender they are neither
/// errors nor warnings, for nothing is to be done.
pub(crate) const DUPLICATES: &str = "duplicate";

/// Which findings are asked for.
#[derive(Debug, Clone, Copy)]
pub struct FindingFilter<'a> {
    /// In which archives.
    pub scope: FindingScope<'a>,
    /// Of one code.
    pub code: Option<&'a str>,
    /// Of one severity. Duplicates are one of their own, `duplicate`, unless
    /// they are asked for by their code.
    pub severity: Option<&'a str>,
    /// In one file.
    pub file: Option<&'a str>,
    /// In one state.
    pub state: Option<FindingState>,
}

impl<'a> FindingFilter<'a> {
    /// Everything in some archives.
    pub fn all(scope: FindingScope<'a>) -> Self {
        Self { scope, code: None, severity: None, file: None, state: None }
    }

    /// The test of a finding `f`: parameters 4 to 6, and 7, the list of what has
    /// been mended.
    fn sql(&self) -> String {
        let mended =
            "(f.submission, f.seq) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?7))";
        let state = match self.state {
            None => "?7 IS NOT NULL".to_owned(),
            Some(FindingState::Mended) => mended.to_owned(),
            Some(FindingState::Standing) => format!("NOT {mended}"),
            Some(FindingState::Open) => {
                format!("f.severity = 'error' AND f.code NOT LIKE '%{DUPLICATE}' AND NOT {mended}")
            }
        };
        format!(
            "{} AND (?4 IS NULL OR f.code = ?4) AND (?5 IS NULL OR ?5 = iif(
               f.code LIKE '%{DUPLICATE}' AND (?4 IS NULL OR ?5 = '{DUPLICATES}'),
               '{DUPLICATES}', f.severity))
             AND (?6 IS NULL OR f.file = ?6) AND {state}",
            self.scope.sql()
        )
    }
}

/// What was wrong with what a unit sent in a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// How often each code of a row was given, exactly.
    pub findings: BTreeMap<Told, u64>,
    /// How often each code of an archive or a member was given.
    pub problems: BTreeMap<String, u64>,
    /// Rows that were rejected, exactly.
    pub rejected: u64,
    /// Files in which something was found.
    pub files: Vec<String>,
    /// Whether a cap cut a list of findings.
    pub cut: bool,
}

impl Reader {
    /// Rounds in which a unit sent something, the latest first.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rounds_of_unit(&self, hcode: &str) -> Result<Vec<i32>> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT round FROM submission
             WHERE hcode = ?1 AND round IS NOT NULL ORDER BY round DESC",
        )?;
        let rounds = query.query_map([hcode], |row| row.get(0))?;
        Ok(rounds.collect::<std::result::Result<_, _>>()?)
    }

    /// What was wrong with what a unit sent in a round.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn totals_of_unit(&self, hcode: &str, round: i32, catalog: &Catalog) -> Result<UnitTotals> {
        let (cut, rejected): (bool, i64) = self
            .conn
            .prepare_cached(
                "SELECT coalesce(max(findings_cut), 0), coalesce(sum(rejected), 0) FROM submission
                 WHERE hcode = ?1 AND round = ?2 AND status <> 'void'",
            )?
            .query_row(params![hcode, round], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut totals = UnitTotals { cut, rejected: rejected as u64, ..UnitTotals::default() };
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT file FROM finding_kind JOIN submission AS s ON s.id = submission
             WHERE s.hcode = ?1 AND s.round = ?2 AND s.status <> 'void' ORDER BY file",
        )?;
        let files = query.query_map(params![hcode, round], |row| row.get(0))?;
        totals.files = files.collect::<std::result::Result<_, _>>()?;
        let mut query = self.conn.prepare_cached(
            "SELECT code, s.standard, severity, sum(total)
             FROM finding_total JOIN submission AS s ON s.id = submission
             WHERE s.hcode = ?1 AND s.round = ?2 AND s.status <> 'void' GROUP BY 1, 2, 3",
        )?;
        let mut rows = query.query(params![hcode, round])?;
        while let Some(row) = rows.next()? {
            let (code, standard) = (row.get::<_, String>(0)?, standard_of(row, 1)?);
            let severity = severity_of(&row.get::<_, String>(2)?, catalog, &code, standard);
            let told = Told { code, standard, severity };
            *totals.findings.entry(told).or_default() += row.get::<_, i64>(3)? as u64;
        }
        let mut query = self.conn.prepare_cached(
            "SELECT code, count(*) FROM problem JOIN submission AS s ON s.id = submission
             WHERE s.hcode = ?1 AND s.round = ?2 AND s.status <> 'void'
               AND code NOT LIKE 'N%' GROUP BY code",
        )?;
        let rows = query.query_map(params![hcode, round], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        totals.problems = rows.collect::<std::result::Result<_, _>>()?;
        Ok(totals)
    }

    /// A page of findings: the newest submission first, in each in the order of
    /// file and line. What has been mended is handed in by whoever asks for a
    /// state, because it is the same for all pages.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn found(
        &self,
        filter: FindingFilter,
        mended: &Mended,
        (page, per_page): (u64, u64),
        catalog: &Catalog,
    ) -> Result<ListPage<UnitFinding>> {
        let place = format!(
            "FROM submission AS s JOIN finding AS f ON f.submission = s.id WHERE {}",
            filter.sql()
        );
        let ((id, hcode, round), mended) = (filter.scope.bound(), mended.json());
        let FindingFilter { code, severity, file, .. } = filter;
        let total: i64 = self
            .conn
            .prepare_cached(&format!("SELECT count(*) {place}"))?
            .query_row(params![id, hcode, round, code, severity, file, mended], |row| row.get(0))?;
        let sql = format!(
            "SELECT f.code, f.severity, f.file, f.line, f.field, f.value, f.key,
               s.id, s.archive, s.received_at, s.standard {place}
             ORDER BY s.id DESC, f.seq LIMIT ?8 OFFSET ?9"
        );
        let first = per_page.saturating_mul(page.saturating_sub(1));
        let mut query = self.conn.prepare_cached(&sql)?;
        let bound = params![
            id,
            hcode,
            round,
            code,
            severity,
            file,
            mended,
            per_page as i64,
            i64::try_from(first).unwrap_or(i64::MAX)
        ];
        let rows = query.query_map(bound, |row| {
            let standard = standard_of(row, 10)?;
            Ok(UnitFinding {
                submission: row.get(7)?,
                archive: row.get(8)?,
                received_at: row.get(9)?,
                standard,
                finding: finding_of(row, catalog, standard)?,
            })
        })?;
        let rows = rows.collect::<std::result::Result<_, _>>()?;
        Ok(ListPage { rows, total: total as u64, page, per_page })
    }

    /// The citizen ID of a person by the number at a unit, as the latest
    /// register has it.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn cid_of(&self, hcode: &str, pid: &str) -> Result<Option<String>> {
        let mut query = self.conn.prepare_cached(
            "SELECT CID FROM PERSON WHERE HOSPCODE = ?1 AND PID = ?2 AND CID IS NOT NULL
             ORDER BY ROUND DESC LIMIT 1",
        )?;
        Ok(query.query_row([hcode, pid], |row| row.get(0)).optional()?)
    }
}
