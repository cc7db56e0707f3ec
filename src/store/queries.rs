//! Queries of readers: lists, pages, overviews.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rusqlite::{OptionalExtension, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::connection::Reader;
use super::submission::finding_of;
use super::{Result, Store};
use crate::catalog::Catalog;
use crate::submission::FindingLine;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct ListPage<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Rows on all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Rows on a full page.
    pub per_page: u64,
}

/// Which submissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubmissionFilter {
    /// HCODE of the sender.
    pub hcode: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// Received on or after this day (`YYYY-MM-DD`, Bangkok).
    pub from: Option<String>,
    /// Received on or before this day.
    pub to: Option<String>,
    /// Sent by one of these units; `None` for any, including unknown senders.
    pub units: Scope,
    /// In which order; newest first if it says nothing.
    pub sort: SubmissionSort,
}

/// Units that a reader is limited to; `None` for no limit.
pub type Scope = Option<BTreeSet<String>>;

/// Orders of a list of submissions; of equals the newest is first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubmissionSort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// By unit.
    Unit,
    /// By the name of the archive.
    Archive,
    /// Largest first.
    Largest,
}

impl SubmissionSort {
    /// Every order with its name.
    pub const NAMES: [(&str, Self); 5] = [
        ("-id", Self::Newest),
        ("id", Self::Oldest),
        ("hcode", Self::Unit),
        ("archive", Self::Archive),
        ("-bytes", Self::Largest),
    ];

    fn sql(self) -> &'static str {
        match self {
            Self::Newest => "s.id DESC",
            Self::Oldest => "s.id",
            Self::Unit => "s.hcode, s.id DESC",
            Self::Archive => "s.archive, s.id DESC",
            Self::Largest => "s.bytes DESC, s.id DESC",
        }
    }
}

/// A scope as a query takes it: a JSON list, or null.
pub(super) fn json_list(scope: &Scope) -> Option<String> {
    let list = scope.as_ref().map(|units| units.iter().collect::<Vec<_>>());
    list.map(|list| serde_json::to_string(&list).unwrap_or_else(|_| "[]".to_owned()))
}

/// A submission in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubmissionLine {
    /// Number of the submission.
    pub id: i64,
    /// Name as sent.
    pub archive: String,
    /// The standard.
    pub standard: Option<String>,
    /// HCODE of the sender; `None` if the archive's name does not give it.
    pub hcode: Option<String>,
    /// The time its name says.
    #[schemars(extend("format" = "date-time"))]
    pub sent_at: Option<String>,
    /// When it was received.
    #[schemars(extend("format" = "date-time"))]
    pub received_at: String,
    /// What became of it.
    pub status: String,
    /// Size of the archive.
    pub bytes: u64,
    /// Rows received, over all files.
    pub received: u64,
    /// Rows stored.
    pub accepted: u64,
    /// Rows whose key was taken.
    pub duplicate: u64,
    /// Rows with an error.
    pub rejected: u64,
    /// Codes of its problems, in their order.
    pub problems: Vec<String>,
}

/// What a unit has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitSummary {
    /// HCODE of the unit.
    pub hcode: String,
    /// Submissions so far.
    pub submissions: u64,
    /// Broken ones among them.
    pub broken: u64,
    /// The last one.
    pub last_submission: i64,
    /// When that was received.
    pub last_received_at: String,
    /// What became of it.
    pub last_status: String,
    /// Its rows: received, stored, duplicate and rejected.
    pub last_rows: [u64; 4],
}

/// Totals of the whole store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overview {
    /// Submissions by status.
    pub submissions: BTreeMap<String, u64>,
    /// The last submission's number.
    pub last_submission: i64,
    /// Rows received, over all submissions that were not taken back.
    pub received: u64,
    /// Rows stored.
    pub accepted: u64,
    /// Rows whose key was taken.
    pub duplicate: u64,
    /// Rows with an error.
    pub rejected: u64,
}

impl Reader {
    /// Whether a unit has sent anything, also what was broken.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn has_sent(&self, hcode: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM submission WHERE hcode = ?1 LIMIT 1";
        Ok(self.conn.prepare_cached(sql)?.exists([hcode])?)
    }

    /// A page of submissions, newest first.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn submissions(
        &self,
        filter: &SubmissionFilter,
        page: u64,
        per_page: u64,
    ) -> Result<ListPage<SubmissionLine>> {
        let mut place = " WHERE 1".to_owned();
        let mut values: Vec<&str> = Vec::new();
        // Times are RFC 3339 in one offset, so text order is time order, and
        // `U` comes right after the `T` between day and time.
        let units = json_list(&filter.units);
        let parts = [
            ("hcode IN (SELECT value FROM json_each(?))", &units),
            ("hcode = ?", &filter.hcode),
            ("status = ?", &filter.status),
            ("received_at >= ?", &filter.from),
            ("received_at < ? || 'U'", &filter.to),
        ];
        for (test, value) in parts {
            if let Some(value) = value {
                values.push(value);
                let _ = write!(place, " AND {test}");
            }
        }
        let order = filter.sort.sql();
        let total = match self.kept_count(filter)? {
            Some(kept) => kept as i64,
            None => self
                .conn
                .prepare_cached(&format!("SELECT count(*) FROM submission{place}"))?
                .query_row(rusqlite::params_from_iter(&values), |r| r.get(0))?,
        };
        let sql = format!(
            "SELECT id, archive, standard, hcode, sent_at, received_at, status, bytes,
               received, accepted, duplicate, rejected,
               (SELECT group_concat(code) FROM (SELECT code FROM problem AS p
                  WHERE p.submission = s.id AND code NOT LIKE 'N%' ORDER BY seq))
             FROM submission AS s{place} ORDER BY {order} LIMIT {per_page} OFFSET {}",
            per_page * page.saturating_sub(1)
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(rusqlite::params_from_iter(&values), |row| {
            let number = |at| row.get::<_, i64>(at).map(|n| n as u64);
            let problems: Option<String> = row.get(12)?;
            Ok(SubmissionLine {
                id: row.get(0)?,
                archive: row.get(1)?,
                standard: row.get(2)?,
                hcode: row.get(3)?,
                sent_at: row.get(4)?,
                received_at: row.get(5)?,
                status: row.get(6)?,
                bytes: number(7)?,
                received: number(8)?,
                accepted: number(9)?,
                duplicate: number(10)?,
                rejected: number(11)?,
                problems: problems
                    .map_or_else(Vec::new, |codes| codes.split(',').map(str::to_owned).collect()),
            })
        })?;
        let rows = rows.collect::<std::result::Result<_, _>>()?;
        Ok(ListPage { rows, total: total as u64, page, per_page })
    }

    /// A page of a submission's findings, in the order of file and line.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn findings(
        &self,
        id: i64,
        page: u64,
        per_page: u64,
        catalog: &Catalog,
    ) -> Result<Option<ListPage<FindingLine>>> {
        let standard: Option<Option<String>> = self
            .conn
            .prepare_cached("SELECT standard FROM submission WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let Some(standard) = standard else { return Ok(None) };
        let standard = standard.and_then(|name| name.parse().ok());
        let total: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM finding_line WHERE submission = ?1")?
            .query_row([id], |row| row.get(0))?;
        let first = per_page * page.saturating_sub(1);
        let mut query = self.conn.prepare_cached(
            "SELECT code, severity, file, line, field, value, key FROM finding
             WHERE submission = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq",
        )?;
        let rows = query
            .query_map(params![id, first as i64, (first + per_page) as i64], |row| {
                finding_of(row, catalog, standard)
            })?
            .collect::<std::result::Result<_, _>>()?;
        Ok(Some(ListPage { rows, total: total as u64, page, per_page }))
    }

    /// How many archives each unit has sent. Every version of the database can tell.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn archives_by_unit(&self) -> Result<BTreeMap<String, u64>> {
        let mut query = self.conn.prepare(
            "SELECT hcode, count(*) FROM submission WHERE hcode IS NOT NULL GROUP BY hcode",
        )?;
        let lines = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(lines.collect::<std::result::Result<_, _>>()?)
    }

    /// What each unit that ever sent has sent.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn units(&self) -> Result<Vec<UnitSummary>> {
        let mut query = self.conn.prepare_cached(
            "SELECT u.hcode, u.count, u.broken, u.last, s.received_at, s.status,
               s.received, s.accepted, s.duplicate, s.rejected
             FROM (SELECT hcode, count(*) AS count, sum(status = 'broken') AS broken, max(id) AS last
                   FROM submission WHERE hcode IS NOT NULL GROUP BY hcode) AS u
             JOIN submission AS s ON s.id = u.last ORDER BY u.hcode",
        )?;
        let rows = query.query_map([], unit_line)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// What each unit sent from one day to another (`YYYY-MM-DD`, Bangkok):
    /// archives that stand, and the last one.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn sent_between(&self, from: &str, to: &str) -> Result<Vec<UnitSummary>> {
        let mut query = self.conn.prepare_cached(
            "SELECT u.hcode, u.count, u.broken, u.last, s.received_at, s.status,
               s.received, s.accepted, s.duplicate, s.rejected
             FROM (SELECT hcode, count(*) AS count, sum(status = 'broken') AS broken, max(id) AS last
                   FROM submission
                   WHERE hcode IS NOT NULL AND received_at >= ?1 AND received_at < ?2 || 'U'
                     AND status <> 'void' GROUP BY hcode) AS u
             JOIN submission AS s ON s.id = u.last ORDER BY u.hcode",
        )?;
        let rows = query.query_map([from, to], unit_line)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// HCODE of the sender of a submission; `None` if there is no such submission, and
    /// `Some(None)` if the archive's name does not give the unit.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn sender(&self, id: i64) -> Result<Option<Option<String>>> {
        let mut query = self.conn.prepare_cached("SELECT hcode FROM submission WHERE id = ?1")?;
        Ok(query.query_row([id], |row| row.get(0)).optional()?)
    }

    /// What was done to the data besides loading, in short: a text that
    /// differs after any of it.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn changes(&self) -> Result<String> {
        let sql = "SELECT (SELECT count(*) FROM void) || ' ' ||
            (SELECT coalesce(max(id), 0) FROM registry) || ' ' ||
            (SELECT count(*) FROM forwarded) || ' ' ||
            (SELECT coalesce(max(id), 0) FROM hold) || ' ' ||
            (SELECT count(*) FROM hold_release) || ' ' ||
            (SELECT coalesce(max(id), 0) FROM closing) || ' ' ||
            (SELECT count(*) FROM reopening) || ' ' ||
            (SELECT coalesce(max(id), 0) FROM reported) || ' ' ||
            (SELECT coalesce(max(id), 0) FROM rep) || ' ' ||
            (SELECT count(*) FROM freed_row)";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// A query without an end, to prove that queries have a deadline.
    #[cfg(test)]
    pub(crate) fn endless(&self) -> Result<i64> {
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT max(i) FROM n";
        Ok(self.conn.query_row(sql, [], |row| row.get(0))?)
    }
}

fn unit_line(row: &rusqlite::Row) -> rusqlite::Result<UnitSummary> {
    Ok(UnitSummary {
        hcode: row.get(0)?,
        submissions: row.get::<_, i64>(1)? as u64,
        broken: row.get::<_, i64>(2)? as u64,
        last_submission: row.get(3)?,
        last_received_at: row.get(4)?,
        last_status: row.get(5)?,
        last_rows: [
            row.get::<_, i64>(6)? as u64,
            row.get::<_, i64>(7)? as u64,
            row.get::<_, i64>(8)? as u64,
            row.get::<_, i64>(9)? as u64,
        ],
    })
}

impl Store {
    /// Position of a record's table, as [`super::Loading::insert`] wants it.
    pub fn table(&self, record: &str) -> Option<usize> {
        self.tables.find(record)
    }
}
