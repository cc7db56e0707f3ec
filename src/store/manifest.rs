//! Digests of the content of a file: equal digests mean equal rows, however they are
//! laid out in pages. A backup carries them, so that a row that was changed in place
//! or by a failing disk is found.
//!
//! Tables are read once, a row at a time in the order of their keys, and a row
//! is the columns that have a value, by name: a column that a later dictionary
//! adds changes nothing. Records are summed up by submission, with the key of
//! their visit instead of its number: what a submission stored never changes,
//! so that the digests of a backup hold for the store it was made of, until
//! the submission is taken back.
//!
//! The cost is that of reading every table once in the order of its key, which
//! needs no sorting, and of hashing what was read; memory grows by the state of
//! one hash (some hundred bytes) for each submission, and not with the rows.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::Result;
use crate::files::hex;

/// Table of digests by table, in a backup alone.
const TABLES: &str = "manifest";

/// Table of digests by submission; it stays in a store that was restored.
const SUBMISSIONS: &str = "manifest_submission";

/// How many rows, and their digest.
pub type Sum = (u64, String);

/// What is in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupContents {
    /// By table, those of records left out; `schema` is the schema itself.
    pub tables: BTreeMap<String, Sum>,
    /// Records by submission.
    pub submissions: BTreeMap<i64, Sum>,
}

/// A table as it is in the file.
struct TableShape {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

impl BackupContents {
    /// Reads all of a file.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn read(conn: &Connection) -> Result<Self> {
        let mut contents = Self::default();
        let mut records: FxHashMap<i64, (u64, Sha256)> = FxHashMap::default();
        for shape in shapes(conn)? {
            if let Some(at) = shape.columns.iter().position(|column| column == "_sub") {
                records_of(conn, &shape, at, &mut records)?;
            } else {
                let sum = table_of(conn, &shape)?;
                contents.tables.insert(shape.name, sum);
            }
        }
        let schema = "SELECT type, name, sql FROM sqlite_schema
             WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT IN (?1, ?2)
             ORDER BY type, name";
        let mut hasher = Sha256::new();
        let mut rows = 0;
        each_row(
            conn,
            schema,
            params![TABLES, SUBMISSIONS],
            &["type", "name", "sql"],
            |_, row| {
                rows += 1;
                hasher.update(row);
                Ok(())
            },
        )?;
        contents.tables.insert("schema".to_owned(), (rows, hex(&hasher.finalize())));
        contents.submissions = records
            .into_iter()
            .map(|(id, (rows, hasher))| (id, (rows, hex(&hasher.finalize()))))
            .collect();
        Ok(contents)
    }

    /// One digest of all of it.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, (rows, sum)) in &self.tables {
            hasher.update(format!("{name}\t{rows}\t{sum}\n"));
        }
        for (id, (rows, sum)) in &self.submissions {
            hasher.update(format!("{id}\t{rows}\t{sum}\n"));
        }
        hex(&hasher.finalize())
    }

    /// Rows of records.
    pub fn rows(&self) -> u64 {
        self.submissions.values().map(|sum| sum.0).sum()
    }

    /// Writes the digests into the file that they are of.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk.
    pub fn seal(&self, conn: &mut Connection) -> Result<()> {
        let tx = conn.transaction()?;
        tx.execute_batch(&format!(
            "DROP TABLE IF EXISTS {TABLES};
             DROP TABLE IF EXISTS {SUBMISSIONS};
             CREATE TABLE {TABLES} (
               name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE {SUBMISSIONS} (
               submission INTEGER PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL
             ) STRICT;"
        ))?;
        {
            let mut insert = tx.prepare(&format!("INSERT INTO {TABLES} VALUES (?1, ?2, ?3)"))?;
            for (name, (rows, sum)) in &self.tables {
                insert.execute(params![name, *rows as i64, sum])?;
            }
            let sql = format!("INSERT INTO {SUBMISSIONS} VALUES (?1, ?2, ?3)");
            let mut insert = tx.prepare(&sql)?;
            for (id, (rows, sum)) in &self.submissions {
                insert.execute(params![id, *rows as i64, sum])?;
            }
        }
        Ok(tx.commit()?)
    }

    /// The digests that a file carries; `None` if it is no backup.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn sealed(conn: &Connection) -> Result<Option<Self>> {
        if !has(conn, TABLES)? || !has(conn, SUBMISSIONS)? {
            return Ok(None);
        }
        let sql = format!("SELECT name, rows, sha256 FROM {TABLES}");
        let tables = conn
            .prepare(&sql)?
            .query_map([], |row| Ok((row.get(0)?, (row.get::<_, i64>(1)? as u64, row.get(2)?))))?
            .collect::<std::result::Result<_, _>>()?;
        Ok(Some(Self { tables, submissions: sealed_submissions(conn)? }))
    }

    /// Takes the seal off a file that goes on changing; what it says of
    /// submissions stays, because they do not change.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk.
    pub fn unseal(conn: &Connection) -> Result<()> {
        Ok(conn.execute_batch(&format!("DROP TABLE IF EXISTS {TABLES}"))?)
    }

    /// What is another than `sealed` says, a line each.
    pub fn differences(&self, sealed: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let names: std::collections::BTreeSet<&String> =
            self.tables.keys().chain(sealed.tables.keys()).collect();
        for name in names {
            if let Some(what) = differ(self.tables.get(name), sealed.tables.get(name)) {
                found.push(format!("table {name}: {what}"));
            }
        }
        let ids: std::collections::BTreeSet<&i64> =
            self.submissions.keys().chain(sealed.submissions.keys()).collect();
        for id in ids {
            if let Some(what) = differ(self.submissions.get(id), sealed.submissions.get(id)) {
                found.push(format!("submission {id}: {what}"));
            }
        }
        found
    }
}

/// The digests of submissions that a file carries.
pub(super) fn sealed_submissions(conn: &Connection) -> Result<BTreeMap<i64, Sum>> {
    if !has(conn, SUBMISSIONS)? {
        return Ok(BTreeMap::new());
    }
    let sql = format!("SELECT submission, rows, sha256 FROM {SUBMISSIONS}");
    let mut query = conn.prepare(&sql)?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, (row.get::<_, i64>(1)? as u64, row.get(2)?))))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// How two sums differ, if they do.
pub(super) fn differ(is: Option<&Sum>, was: Option<&Sum>) -> Option<String> {
    let rows = |sum: Option<&Sum>| sum.map_or(0, |sum| sum.0);
    match (is == was, rows(is) == rows(was)) {
        (true, _) => None,
        (false, true) => Some(format!("{} rows, of which some were changed", rows(is))),
        (false, false) => Some(format!("{} rows; there were {}", rows(is), rows(was))),
    }
}

fn has(conn: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(conn.query_row(sql, [table], |_| Ok(())).optional()?.is_some())
}

fn shapes(conn: &Connection) -> Result<Vec<TableShape>> {
    let names: Vec<String> = conn
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table'
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (?1, ?2) ORDER BY name",
        )?
        .query_map([TABLES, SUBMISSIONS], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    names.into_iter().map(|name| shape(conn, name)).collect()
}

fn shape(conn: &Connection, name: String) -> Result<TableShape> {
    let mut query = conn.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let all: Vec<(String, i64)> = query
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<std::result::Result<_, _>>()?;
    let mut key: Vec<(i64, String)> =
        all.iter().filter(|(_, pk)| *pk > 0).map(|(name, pk)| (*pk, name.clone())).collect();
    key.sort();
    let key = key.into_iter().map(|(_, name)| name).collect();
    Ok(TableShape { name, columns: all.into_iter().map(|(name, _)| name).collect(), key })
}

impl TableShape {
    fn order(&self) -> String {
        if self.key.is_empty() {
            return "t.rowid".to_owned();
        }
        let key: Vec<String> =
            self.key.iter().map(|column| format!("t.{}", quoted(column))).collect();
        key.join(", ")
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn table_of(conn: &Connection, shape: &TableShape) -> Result<Sum> {
    let columns: Vec<String> = shape.columns.iter().map(|c| format!("t.{}", quoted(c))).collect();
    let (name, order) = (quoted(&shape.name), shape.order());
    let sql = format!("SELECT {} FROM {name} AS t ORDER BY {order}", columns.join(", "));
    let (mut rows, mut hasher) = (0, Sha256::new());
    let names: Vec<&str> = shape.columns.iter().map(String::as_str).collect();
    each_row(conn, &sql, [], &names, |_, row| {
        rows += 1;
        hasher.update(row);
        Ok(())
    })?;
    Ok((rows, hex(&hasher.finalize())))
}

/// Adds the records of a table to the sums of their submissions.
fn records_of(
    conn: &Connection,
    shape: &TableShape,
    sub: usize,
    sums: &mut FxHashMap<i64, (u64, Sha256)>,
) -> Result<()> {
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for column in &shape.columns {
        if column == "visit" {
            // By its key: a number says nothing of what a visit is.
            names.extend(super::tables::VISIT);
            columns.extend(super::tables::VISIT.map(|c| format!("v.{}", c.to_lowercase())));
        } else {
            names.push(column);
            columns.push(format!("t.{}", quoted(column)));
        }
    }
    let by_visit = names.len() != shape.columns.len();
    let join = if by_visit { " CROSS JOIN visit AS v ON v.id = t.visit" } else { "" };
    let sub = if by_visit { sub + super::tables::VISIT.len() - 1 } else { sub };
    let (name, order) = (quoted(&shape.name), shape.order());
    let sql = format!("SELECT {} FROM {name} AS t{join} ORDER BY {order}", columns.join(", "));
    let table = shape.name.as_bytes();
    each_row(conn, &sql, [], &names, |values, row| {
        let (rows, hasher) = sums.entry(values.get(sub)?).or_default();
        *rows += 1;
        hasher.update(table);
        hasher.update(row);
        Ok(())
    })
}

/// Calls `each` with every row, and with the bytes that stand for it: where a
/// value ends and the next begins counts.
fn each_row(
    conn: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    names: &[&str],
    mut each: impl FnMut(&rusqlite::Row, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut query = conn.prepare(sql)?;
    let mut rows = query.query(parameters)?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.clear();
        for (at, name) in names.iter().enumerate() {
            let (kind, number, text): (u8, u64, &[u8]) = match row.get_ref(at)? {
                ValueRef::Null => continue,
                ValueRef::Integer(value) => (1, value.cast_unsigned(), &[]),
                ValueRef::Real(value) => (2, value.to_bits(), &[]),
                ValueRef::Text(text) => (3, text.len() as u64, text),
                ValueRef::Blob(blob) => (4, blob.len() as u64, blob),
            };
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(kind);
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(text);
        }
        bytes.push(0);
        each(row, &bytes)?;
    }
    Ok(())
}
