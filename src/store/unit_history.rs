//! What one unit sent in a round, over all its submissions: findings by code and line
//! by line. Submissions that were taken back are left out.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::Result;
use super::connection::Reader;
use super::queries::ListPage;
use super::submission::{finding_of, severity_of};
use crate::archive::Standard;
use crate::catalog::{Catalog, Severity};
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

/// A code as rows were told it: it may be a warning in one standard and an
/// error in the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The code.
    pub code: String,
    /// The standard of the archives.
    pub standard: Option<Standard>,
    /// Severity.
    pub severity: Severity,
}

/// Which findings of a unit are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnitFilter<'a> {
    /// HCODE of the unit.
    pub hcode: &'a str,
    /// The round, B.E.
    pub round: i32,
    /// Only findings of this code.
    pub code: Option<&'a str>,
    /// Only findings of this severity.
    pub severity: Option<Severity>,
}

/// What was wrong with what a unit sent in a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// How often each code of a row was given, exactly.
    pub findings: BTreeMap<Told, u64>,
    /// How often each code of an archive or a member was given.
    pub problems: BTreeMap<String, u64>,
    /// Whether a cap cut a list of findings.
    pub cut: bool,
}

fn standard_of(row: &rusqlite::Row, column: usize) -> rusqlite::Result<Option<Standard>> {
    let name: Option<String> = row.get(column)?;
    Ok(name.and_then(|name| name.parse().ok()))
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
        let cut: bool = self
            .conn
            .prepare_cached(
                "SELECT coalesce(max(findings_cut), 0) FROM submission
                 WHERE hcode = ?1 AND round = ?2 AND status <> 'void'",
            )?
            .query_row(params![hcode, round], |row| row.get(0))?;
        let mut totals = UnitTotals { cut, ..UnitTotals::default() };
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

    /// Findings of a unit's submissions of a round: the newest submission
    /// first, in each in the order of file and line.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn findings_of_unit(
        &self,
        of: UnitFilter,
        page: u64,
        per_page: u64,
        catalog: &Catalog,
    ) -> Result<ListPage<UnitFinding>> {
        let UnitFilter { hcode, round, code, severity } = of;
        let severity = severity.map(Severity::as_str);
        let place = "FROM finding AS f JOIN submission AS s ON s.id = f.submission
             WHERE s.hcode = ?1 AND s.round = ?2 AND s.status <> 'void'
               AND (?3 IS NULL OR f.code = ?3) AND (?4 IS NULL OR f.severity = ?4)";
        let total: i64 = self
            .conn
            .prepare_cached(&format!("SELECT count(*) {place}"))?
            .query_row(params![hcode, round, code, severity], |row| row.get(0))?;
        let sql = format!(
            "SELECT f.code, f.severity, f.file, f.line, f.field, f.value, f.key,
               s.id, s.archive, s.received_at, s.standard {place}
             ORDER BY s.id DESC, f.seq LIMIT ?5 OFFSET ?6"
        );
        let first = per_page.saturating_mul(page.saturating_sub(1));
        let mut query = self.conn.prepare_cached(&sql)?;
        let bound = params![hcode, round, code, severity, per_page as i64, first as i64];
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
