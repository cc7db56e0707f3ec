//! Visits of an archive, by id, so that the key that all files of a visit share is
//! stored once.

use std::sync::LazyLock;

use rusqlite::Connection;

use super::insert::{Insert, NewRow, TOGETHER};
use super::{Result, StoreError};
use crate::row::Batch;

/// Visits of the archive by the ordinals that the validator gave them, as ids.
#[derive(Debug, Default)]
pub(super) struct VisitIds {
    epoch: u32,
    /// 0: not known yet.
    ids: Vec<i64>,
    /// What the last visits that were asked for turned out to be: visits come
    /// in runs of new ones or of known ones, so the likelier question is asked
    /// first.
    known_before: bool,
}

const FIND: &str =
    "SELECT id FROM visit WHERE hospcode = ?1 AND seq = ?2 AND date_serv = ?3 AND pid = ?4";

static ADD: LazyLock<String> = LazyLock::new(|| add_sql(1));
static ADD_ALL: LazyLock<String> = LazyLock::new(|| add_sql(TOGETHER));

fn add_sql(rows: usize) -> String {
    let rows: Vec<String> = (0..rows)
        .map(|row| 4 * row)
        .map(|p| format!("(NULL, ?{}, ?{}, ?{}, ?{})", p + 1, p + 2, p + 3, p + 4))
        .collect();
    format!(
        "INSERT OR FAIL INTO visit (id, hospcode, seq, date_serv, pid) VALUES {}
         ON CONFLICT DO NOTHING",
        rows.join(", ")
    )
}

impl VisitIds {
    /// The id of a visit that was resolved.
    pub fn get(&self, ordinal: u32) -> i64 {
        self.ids[ordinal as usize]
    }

    /// Forgets all ids, because what was stored may be gone.
    pub fn forget(&mut self) {
        self.ids.clear();
    }

    /// Finds the visits of the rows of a batch, and makes those that are new.
    /// `columns` are those of the visit's key.
    pub fn resolve(&mut self, conn: &Connection, batch: &Batch, columns: [usize; 4]) -> Result<()> {
        if self.epoch != batch.epoch {
            *self = Self { epoch: batch.epoch, ..Self::default() };
        }
        let most = batch.visits.iter().max().map_or(0, |&most| most as usize + 1);
        if self.ids.len() < most {
            self.ids.resize(most, 0);
        }
        let mut left = Vec::new();
        for (row, &ordinal) in batch.visits.iter().enumerate() {
            let id = &mut self.ids[ordinal as usize];
            if *id == 0 {
                // Taken care of; no visit has this id.
                *id = -1;
                left.push((row, ordinal as usize));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut statements = Statements::new(conn, batch, columns, left.len())?;
        for rows in left.chunks(TOGETHER) {
            self.resolve_some(&mut statements, rows)?;
        }
        Ok(())
    }

    fn resolve_some(&mut self, sql: &mut Statements, rows: &[(usize, usize)]) -> Result<()> {
        if !self.known_before && rows.len() == TOGETHER {
            if let Some(first) = sql.add_all(rows)? {
                for (id, &(_, ordinal)) in (first..).zip(rows) {
                    self.ids[ordinal] = id;
                }
                return Ok(());
            }
            // Some are there now because they were added, some were before.
            self.known_before = true;
        }
        for &(row, ordinal) in rows {
            self.ids[ordinal] = self.resolve_one(sql, row)?;
        }
        Ok(())
    }

    fn resolve_one(&mut self, sql: &mut Statements, row: usize) -> Result<i64> {
        for attempt in 0..2 {
            let find = self.known_before == (attempt == 0);
            let id = if find { sql.find(row)? } else { sql.add(row)? };
            if let Some(id) = id {
                self.known_before = find;
                return Ok(id);
            }
        }
        Err(StoreError::Inconsistent("a visit is neither stored nor new".to_owned()))
    }
}

/// Statements that find or make visits of a batch.
struct Statements<'c> {
    conn: &'c Connection,
    batch: &'c Batch,
    columns: [(usize, bool); 4],
    find: Insert<'c>,
    add: Insert<'c>,
    add_all: Option<Insert<'c>>,
}

impl<'c> Statements<'c> {
    /// For so many visits.
    fn new(
        conn: &'c Connection,
        batch: &'c Batch,
        columns: [usize; 4],
        visits: usize,
    ) -> Result<Self> {
        let new = |sql: &str, rows| Insert::new(conn, sql, rows, columns.len(), &[]);
        let find = new(FIND, 1)?;
        let add = new(&ADD, 1)?;
        let add_all = if visits < TOGETHER { None } else { Some(new(&ADD_ALL, TOGETHER)?) };
        Ok(Self { conn, batch, columns: columns.map(|column| (column, true)), find, add, add_all })
    }

    fn key(&self, row: usize) -> NewRow<'c> {
        NewRow { batch: self.batch, index: row, visit: None, line: None }
    }

    fn find(&mut self, row: usize) -> Result<Option<i64>> {
        let key = self.key(row);
        self.find.bind(0, &self.columns, &key)?;
        self.find.ask()
    }

    fn add(&mut self, row: usize) -> Result<Option<i64>> {
        let key = self.key(row);
        self.add.bind(0, &self.columns, &key)?;
        Ok((self.add.run()? == 1).then(|| self.conn.last_insert_rowid()))
    }

    /// Adds as many visits as one statement can; the id of the first, from
    /// which on they are numbered, or nothing when not all of them were new.
    fn add_all(&mut self, rows: &[(usize, usize)]) -> Result<Option<i64>> {
        let Some(mut add) = self.add_all.take() else { return Ok(None) };
        for (slot, &(row, _)) in rows.iter().enumerate() {
            add.bind(slot, &self.columns, &self.key(row))?;
        }
        let added = add.run()?;
        self.add_all = Some(add);
        // The id of a new row is one more than the largest there is.
        let last = self.conn.last_insert_rowid();
        Ok((added == rows.len()).then(|| last + 1 - added as i64))
    }
}
