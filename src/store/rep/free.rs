//! Takes rows back that a destination refused and that were accepted here: it
//! is `void` for rows. Nothing does it by itself.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::Serialize;

use super::rows::as_json;
use crate::catalog::Catalog;
use crate::store::{Result, Store, StoreError};
use crate::submission::FreedRecord;
use crate::text::message_with;

/// Which rows are freed, by whom and why.
pub struct FreeOf<'a> {
    /// The file that says that they were refused.
    pub rep: i64,
    /// Only those of this kind of record.
    pub record: Option<&'a str>,
    /// Whether a code says that the destination has the row already.
    pub duplicate: &'a dyn Fn(&str) -> bool,
    /// Who frees them.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When, RFC 3339.
    pub at: &'a str,
}

/// A row that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeptRow {
    /// The submission.
    pub submission: i64,
    /// The file.
    pub file: String,
    /// Line in the member as received.
    pub line: u32,
    /// What the destination said.
    pub code: String,
}

/// What was freed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FreedRows {
    /// Rows that were taken back.
    pub rows: u64,
    /// The submissions that they are of, with how many of each.
    pub submissions: BTreeMap<i64, u64>,
    /// Rows that stay because the destination has them already: sending them
    /// again would be refused again.
    pub duplicates: Vec<KeptRow>,
}

/// A row that is to be freed.
struct RefusedRow {
    submission: i64,
    record: String,
    line: u32,
    file: String,
    code: String,
}

impl Store {
    /// Frees rows, in one transaction: refused when there are none.
    ///
    /// # Errors
    /// Refused if a row stands for which freeing is not allowed; else errors of the database,
    /// and nothing is freed.
    pub fn free_rows(&mut self, catalog: &Catalog, of: &FreeOf<'_>) -> Result<FreedRows> {
        let tables = self.tables.clone();
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut done = FreedRows::default();
        let mut by_record: BTreeMap<String, Vec<RefusedRow>> = BTreeMap::new();
        for row in refused(&tx, of)? {
            if row.code.split(',').any(|code| (of.duplicate)(code)) {
                let RefusedRow { submission, file, line, code, .. } = row;
                done.duplicates.push(KeptRow { submission, file, line, code });
            } else {
                by_record.entry(row.record.clone()).or_default().push(row);
            }
        }
        for (record, rows) in &by_record {
            let Some(at) = tables.find(record) else { continue };
            wanted(&tx, rows)?;
            copy(&tx, &catalog.records[at], of, &mut done)?;
            crate::crash_point("rep_free_copied");
            let deleted = tx.execute(
                &format!(
                    "DELETE FROM {} WHERE (_sub, _line) IN (SELECT sub, line FROM temp.to_free)",
                    tables.list[at].name
                ),
                [],
            )?;
            done.rows += deleted as u64;
        }
        tx.execute_batch("DROP TABLE IF EXISTS temp.to_free")?;
        let copied: u64 = done.submissions.values().sum();
        if copied != done.rows {
            let what = format!("{copied} rows were copied, {} deleted", done.rows);
            return Err(StoreError::Inconsistent(what));
        }
        if done.rows == 0 {
            let key =
                if done.duplicates.is_empty() { "rep.nothing_to_free" } else { "rep.duplicates" };
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("id", &of.rep), ("rows", &done.duplicates.len())];
            return Err(StoreError::Refused(message_with(key, &values).both()));
        }
        tx.commit()?;
        crate::crash_point("rep_freed");
        Ok(done)
    }
}

/// Rows of which this file is the last to say something, and says that they
/// were refused; of submissions that stand.
fn refused(tx: &Transaction<'_>, of: &FreeOf<'_>) -> Result<Vec<RefusedRow>> {
    let mut query = tx.prepare(
        "SELECT r.sub, r.record, r.line, r.file, coalesce(r.code, '') FROM rep_state AS r
         JOIN submission AS s ON s.id = r.sub AND s.status IN ('accepted', 'partial')
         WHERE r.rep = ?1 AND NOT r.passed AND (?2 IS NULL OR r.record = ?2)
           AND NOT EXISTS (SELECT 1 FROM freed_row AS f
             WHERE f.sub = r.sub AND f.record = r.record AND f.line = r.line)
         ORDER BY r.sub, r.record, r.line",
    )?;
    let rows = query.query_map(params![of.rep, of.record], |row| {
        Ok(RefusedRow {
            submission: row.get(0)?,
            record: row.get(1)?,
            line: row.get(2)?,
            file: row.get(3)?,
            code: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// A table of the rows that are looked for, so that each table is read once.
fn wanted(tx: &Connection, rows: &[RefusedRow]) -> Result<()> {
    tx.execute_batch(
        "DROP TABLE IF EXISTS temp.to_free;
         CREATE TEMP TABLE to_free (sub INTEGER NOT NULL, line INTEGER NOT NULL,
           file TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (sub, line)) WITHOUT ROWID",
    )?;
    let mut insert = tx.prepare("INSERT INTO temp.to_free VALUES (?1, ?2, ?3, ?4)")?;
    for row in rows {
        insert.execute(params![row.submission, row.line, row.file, row.code])?;
    }
    Ok(())
}

/// Copies the rows of a kind of record with why they are freed.
fn copy(
    tx: &Connection,
    record: &crate::catalog::Record,
    of: &FreeOf<'_>,
    done: &mut FreedRows,
) -> Result<()> {
    let sql = format!(
        "SELECT w.sub, w.line, w.file, w.code, r.* FROM \"{}\" AS r
         JOIN temp.to_free AS w ON w.sub = r.SUBMISSION AND w.line = r.LINE",
        record.name
    );
    let mut query = tx.prepare(&sql)?;
    let names: Vec<String> = query.column_names().into_iter().map(str::to_owned).collect();
    let place = |column: usize| {
        let name = &record.columns[column].name;
        names.iter().skip(4).position(|own| own == name).map(|at| at + 4)
    };
    let mut insert = tx.prepare(
        "INSERT INTO freed_row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
           (SELECT coalesce(max(id), 0) FROM submission))",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| -> Result<String> {
            let Some(at) = place(column) else { return Ok(String::new()) };
            Ok(match row.get_ref(at)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                _ => String::new(),
            })
        };
        let key = record.key.iter().map(|column| text(*column)).collect::<Result<Vec<_>>>()?;
        let day = record.event.map(text).transpose()?;
        // Days are eight digits, times fourteen.
        let day: Option<i64> = day.and_then(|day| day.get(..8)?.parse().ok());
        let names: Vec<String> = names[4..].to_vec();
        let submission: i64 = row.get(0)?;
        insert.execute(params![
            submission,
            record.name,
            row.get::<_, i64>(1)?,
            row.get::<_, String>(2)?,
            of.rep,
            row.get::<_, String>(3)?,
            text(record.hospcode)?,
            key.join("|"),
            day,
            as_json(row, 4, &names)?,
            of.at,
            of.by,
            of.reason
        ])?;
        *done.submissions.entry(submission).or_default() += 1;
    }
    Ok(())
}

/// What of a submission was freed.
pub(in crate::store) fn freed_of(conn: &Connection, submission: i64) -> Result<Vec<FreedRecord>> {
    let mut query = conn.prepare_cached(
        "SELECT file, count(*), rep, at, by, reason FROM freed_row
         WHERE sub = ?1 GROUP BY file, rep, at, by, reason ORDER BY at, file",
    )?;
    let rows = query.query_map([submission], |row| {
        Ok(FreedRecord {
            file: row.get(0)?,
            rows: row.get::<_, i64>(1)? as u64,
            rep: row.get(2)?,
            at: row.get(3)?,
            by: row.get(4)?,
            reason: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
