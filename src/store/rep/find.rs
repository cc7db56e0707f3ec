//! Finds stored rows by where they came from and by their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{params, params_from_iter};

use crate::catalog::{Catalog, Record};
use crate::store::tables::{RecordTable, VISIT};
use crate::store::{Reader, Result, SqlValue, Tables};

/// Rows of a file of a submission in a member of an archive that was sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPart {
    /// The submission.
    pub submission: i64,
    /// Number of its first row among the rows of the member, from 1.
    pub first: u64,
    /// How many rows.
    pub rows: u64,
    /// Lines in the member as received: `2-57,60`.
    pub lines: String,
}

/// Where a stored row is from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// The submission.
    pub submission: i64,
    /// Line in the member as received.
    pub line: u32,
    /// Day of the event, `YYYYMMDD`.
    pub day: Option<i64>,
    /// Parts of its key, in the order of the standard of the 43 files.
    pub key: Vec<String>,
    /// The round of a register's row; 0 for others.
    pub round: i64,
}

/// Most rows that are looked at under one key.
const MOST_UNDER_A_KEY: usize = 50;

/// Finds rows of records.
pub struct RowFinder<'a> {
    reader: &'a Reader,
    catalog: &'a Catalog,
    tables: Tables,
}

impl Reader {
    /// Parts of the member of a file (by any of its names) in an archive that
    /// was sent to a destination, in their order.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn sent_parts(
        &self,
        destination: &str,
        archive: &str,
        files: &[&str],
    ) -> Result<Vec<SentPart>> {
        let mut query = self.conn.prepare_cached(
            "SELECT submission, first, rows, lines FROM forward_part
             WHERE destination = ?1 AND batch IN (
                 SELECT coalesce(b.again_of, b.id) FROM forward_archive AS a
                 JOIN forward_batch AS b ON b.id = a.batch
                 WHERE a.name = ?2 AND b.destination = ?1)
               AND archive = ?2 AND file IN (SELECT value FROM json_each(?3))
             ORDER BY first",
        )?;
        let files = serde_json::to_string(files).unwrap_or_else(|_| "[]".to_owned());
        let rows = query.query_map(params![destination, archive, files], |row| {
            Ok(SentPart {
                submission: row.get(0)?,
                first: row.get::<_, i64>(1)? as u64,
                rows: row.get::<_, i64>(2)? as u64,
                lines: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// The name under which an archive was sent on, as it is on record: names
    /// are told in any case, and without their ending.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn sent_name(&self, destination: &str, told: &str) -> Result<Option<String>> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.name FROM forward_archive AS a JOIN forward_batch AS b ON b.id = a.batch
             WHERE a.name = ?2 AND b.destination = ?1 LIMIT 1",
        )?;
        let stem = told.rsplit_once('.').map_or(told, |(stem, _)| stem).to_ascii_uppercase();
        for name in [told.to_owned(), format!("{stem}.zip"), format!("{stem}.ZIP")] {
            if query.exists(params![destination, name])? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The number of a file that is there already, by its SHA-256.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rep_of_sha256(&self, sha256: &str) -> Result<Option<i64>> {
        use rusqlite::OptionalExtension as _;
        let mut query = self.conn.prepare_cached("SELECT id FROM rep WHERE sha256 = ?1")?;
        Ok(query.query_row([sha256], |row| row.get(0)).optional()?)
    }
}

impl<'a> RowFinder<'a> {
    /// A finder on a state of the store.
    pub fn new(reader: &'a Reader, catalog: &'a Catalog) -> Self {
        Self { reader, catalog, tables: Tables::new(catalog) }
    }

    fn parts(&self, record: usize) -> (&Record, &RecordTable) {
        (&self.catalog.records[record], &self.tables.list[record])
    }

    /// The rows of a kind of record with these lines, in one pass over all.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn by_lines(
        &self,
        record: usize,
        wanted: &BTreeMap<i64, BTreeSet<u32>>,
    ) -> Result<Vec<RowPlace>> {
        let Some((first, _)) = wanted.first_key_value() else { return Ok(Vec::new()) };
        let sql = format!("{} WHERE t._sub >= ?1", self.select(record));
        let mut query = self.reader.conn.prepare_cached(&sql)?;
        let mut rows = query.query([first])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (submission, line): (i64, u32) = (row.get(0)?, row.get(1)?);
            if wanted.get(&submission).is_some_and(|lines| lines.contains(&line)) {
                found.push(place(row)?);
            }
        }
        Ok(found)
    }

    /// The rows whose columns have one of the values each, of a day if one is
    /// given; some fifty at most.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn by_key(
        &self,
        record: usize,
        columns: &[(usize, Vec<SqlValue>)],
        day: Option<i64>,
    ) -> Result<Vec<RowPlace>> {
        let (of, table) = self.parts(record);
        let mut sql = format!("{} WHERE ", self.select(record));
        let mut values = Vec::new();
        for (at, (column, list)) in columns.iter().enumerate() {
            let name = &of.columns[*column].name;
            let place = if table.visit && VISIT.contains(&name.as_str()) {
                format!("v.{}", name.to_lowercase())
            } else {
                format!("t.\"{name}\"")
            };
            let marks = vec!["?"; list.len()].join(", ");
            let and = if at > 0 { " AND " } else { "" };
            let _ = write!(sql, "{and}{place} IN ({marks})");
            values.extend(list);
        }
        if let Some(day) = day {
            let _ = write!(sql, " AND {} = {day}", table.event_sql().0);
        }
        let _ = write!(sql, " LIMIT {MOST_UNDER_A_KEY}");
        let mut query = self.reader.conn.prepare_cached(&sql)?;
        let mut rows = query.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(place(row)?);
        }
        Ok(found)
    }

    /// How long the values of a column of a unit are, as far as they begin
    /// with a nought.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn padded_lengths(
        &self,
        record: usize,
        column: usize,
        hcode: &SqlValue,
    ) -> Result<Vec<usize>> {
        let (of, table) = self.parts(record);
        let name = &of.columns[column].name;
        let in_visit = |name: &str| table.visit && VISIT.contains(&name);
        let unit = &of.columns[of.hospcode].name;
        let (from, unit, column) = if in_visit(name) {
            ("visit".to_owned(), unit.to_lowercase(), name.to_lowercase())
        } else if in_visit(unit) {
            let from = format!("visit AS v CROSS JOIN {} AS t ON t.visit = v.id", table.name);
            (from, format!("v.{}", unit.to_lowercase()), format!("t.\"{name}\""))
        } else {
            (table.name.clone(), format!("\"{unit}\""), format!("\"{name}\""))
        };
        let sql = format!(
            "SELECT DISTINCT length({column}) FROM {from}
             WHERE {unit} = ?1 AND typeof({column}) = 'text' AND substr({column}, 1, 1) = '0'"
        );
        let mut query = self.reader.conn.prepare_cached(&sql)?;
        let rows = query.query_map([hcode], |row| row.get::<_, i64>(0).map(|n| n as usize))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// What is read of each row: where from, its day, round and key.
    fn select(&self, record: usize) -> String {
        let (of, table) = self.parts(record);
        let (day, from) = table.event_sql();
        let from = if table.visit {
            format!("visit AS v CROSS JOIN {} AS t ON t.visit = v.id", table.name)
        } else {
            from
        };
        let round = if table.register { "t._round" } else { "0" };
        let mut sql = format!("SELECT t._sub, t._line, {day}, {round}");
        for column in &of.key {
            let name = &of.columns[*column].name;
            let _ = if table.visit && VISIT.contains(&name.as_str()) {
                write!(sql, ", v.{}", name.to_lowercase())
            } else {
                write!(sql, ", t.\"{name}\"")
            };
        }
        format!("{sql} FROM {from}")
    }
}

fn place(row: &rusqlite::Row<'_>) -> Result<RowPlace> {
    let mut key = Vec::new();
    for column in 4..row.as_ref().column_count() {
        key.push(match row.get_ref(column)? {
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        });
    }
    Ok(RowPlace {
        submission: row.get(0)?,
        line: row.get(1)?,
        day: row.get(2)?,
        round: row.get(3)?,
        key,
    })
}

/// The key of a row that was freed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreedKey {
    /// Its parts, joined by `|`.
    pub key: String,
    /// Day of the event, `YYYYMMDD`.
    pub day: Option<i64>,
}

/// Rows by their key, each with its submission and line.
pub type RowsByKey = std::collections::HashMap<String, Vec<(i64, u32)>>;

impl Reader {
    /// Keys of the rows of a kind of record that were freed.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn freed_keys(&self, record: &str) -> Result<Vec<FreedKey>> {
        let mut query =
            self.conn.prepare_cached("SELECT key, day FROM freed_row WHERE record = ?1")?;
        let rows =
            query.query_map([record], |row| Ok(FreedKey { key: row.get(0)?, day: row.get(1)? }))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Keys of the rows of a file that a unit sent and that were rejected, as
    /// far as their findings are kept; the oldest first.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn rejected_keys(&self, hcode: &str, file: &str) -> Result<RowsByKey> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT f.key, f.submission, f.line FROM submission AS s
             JOIN finding AS f ON f.submission = s.id
             WHERE s.hcode = ?1 AND s.status IN ('accepted', 'partial')
               AND f.file = ?2 AND f.severity = 'error'
             ORDER BY f.submission, f.line",
        )?;
        let mut found = RowsByKey::new();
        let mut rows = query.query(params![hcode, file])?;
        while let Some(row) = rows.next()? {
            found.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
        }
        Ok(found)
    }
}
