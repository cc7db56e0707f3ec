//! Writes the rows of one archive: the hot path.

use rusqlite::Connection;

use super::change_tokens::Touched;
use super::insert::{Inserts, NewRow, TOGETHER};
use super::visits::VisitIds;
use super::{Result, Store};
use crate::row::Batch;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsertedRow {
    /// Position in the batch.
    pub index: usize,
    /// Stored now; else its key was taken.
    pub stored: bool,
}

/// One archive being written. Everything happens in one transaction, which is
/// rolled back unless [`SubmissionWriter::commit`] ends it.
pub struct SubmissionWriter<'s> {
    store: &'s Store,
    submission: i64,
    round: i64,
    visits: VisitIds,
    /// Of the rows before.
    inserts: Option<Inserts<'s>>,
    pub(super) touched: Touched,
    /// Bytes handed over since the disk was last looked at.
    unchecked: usize,
    open: bool,
}

/// Bytes of rows after which the disk is looked at again: an archive has many
/// small members, and asking the file system for each costs more than they do.
const CHECK_BYTES: usize = 1 << 20;

impl Store {
    /// Begins the transaction of an archive. It is committed without waiting
    /// for the disk: a [`super::Flusher`] does that before anybody is told.
    ///
    /// # Errors
    /// Fails as busy if another writer keeps the database for too long, and on other
    /// errors of the database.
    pub fn load(&self, submission: i64, round: i32, guarded: bool) -> Result<SubmissionWriter<'_>> {
        if let Some(room) = &self.room {
            room.check()?;
        }
        // What could be taken back of a group may be much and lies in a file;
        // of a statement, which may fail by itself, it is a page or two.
        let temp_store = if guarded { "FILE" } else { "MEMORY" };
        self.conn.execute_batch(&format!(
            "PRAGMA temp_store = {temp_store}; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE"
        ))?;
        Ok(SubmissionWriter {
            store: self,
            submission,
            round: i64::from(round),
            visits: VisitIds::default(),
            inserts: None,
            touched: Touched::default(),
            unchecked: 0,
            open: true,
        })
    }
}

impl SubmissionWriter<'_> {
    /// Begins a group of members that may have to be taken back together.
    ///
    /// # Errors
    /// Errors of the database within the transaction.
    pub fn begin_group(&mut self) -> Result<()> {
        Ok(self.store.conn.execute_batch("SAVEPOINT g")?)
    }

    /// Keeps the group.
    ///
    /// # Errors
    /// Errors of the database within the transaction.
    pub fn keep_group(&mut self) -> Result<()> {
        Ok(self.store.conn.execute_batch("RELEASE g")?)
    }

    /// Takes the group back.
    ///
    /// # Errors
    /// Errors of the database within the transaction.
    pub fn drop_group(&mut self) -> Result<()> {
        self.visits.forget();
        Ok(self.store.conn.execute_batch("ROLLBACK TO g; RELEASE g")?)
    }

    /// Inserts the rows of a batch of the record at `table`, of which the
    /// columns in `sent` may have values.
    ///
    /// # Errors
    /// Errors of the database, such as a disk that gets full; the transaction is then
    /// to be given up.
    pub fn insert(
        &mut self,
        table: usize,
        batch: &Batch,
        sent: &[bool],
        mut each: impl FnMut(InsertedRow),
    ) -> Result<()> {
        let (store, number) = (self.store, table);
        self.unchecked += size_of_val(batch.values.as_slice()) + batch.text.len();
        if let Some(room) = store.room.as_ref().filter(|_| self.unchecked > CHECK_BYTES) {
            self.unchecked = 0;
            room.check()?;
        }
        let (conn, table) = (&store.conn, &store.tables.list[table]);
        if table.visit {
            self.visits.resolve(conn, batch, table.visit_columns)?;
        }
        let ids = &self.visits;
        let row = |index: usize| NewRow {
            batch,
            index,
            visit: table.visit.then(|| ids.get(batch.visits[index])),
            line: Some(batch.rows[index].line),
        };
        let inserts = match &mut self.inserts {
            Some(inserts) if inserts.is_for(table, sent) => inserts,
            other => {
                let round = table.register.then_some(self.round);
                let shared = round.into_iter().chain([self.submission]).collect();
                other.insert(Inserts::new((conn, &store.inserts), table, sent, shared)?)
            }
        };
        inserts.begin(batch.rows.len())?;
        let unit = table.visit_columns[0];
        for first in (0..batch.rows.len()).step_by(TOGETHER) {
            let rows = first..batch.rows.len().min(first + TOGETHER);
            let stored = inserts.insert(rows.clone(), row)?;
            for (index, stored) in rows.zip(stored) {
                if stored {
                    self.touched.see(number, batch, batch.row(index).get(unit));
                }
                each(InsertedRow { index, stored });
            }
        }
        Ok(())
    }

    /// Ends the transaction; from here on the archive is loaded.
    ///
    /// # Errors
    /// Errors of the database, such as a full disk. Nothing of the archive is stored
    /// then.
    pub fn commit(mut self) -> Result<()> {
        self.end("COMMIT")
    }

    /// Restores the settings with which the store was opened, for other writers.
    fn end(&mut self, how: &str) -> Result<()> {
        self.store.conn.execute_batch(how)?;
        self.open = false;
        let conn = &self.store.conn;
        Ok(conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA temp_store = FILE")?)
    }

    /// Names of the records by the numbers of their tables.
    pub(super) fn record_of(&self, table: usize) -> &str {
        &self.store.tables.list[table].record
    }

    pub(super) fn conn(&self) -> &Connection {
        &self.store.conn
    }

    /// The submission that is being written.
    pub fn submission(&self) -> i64 {
        self.submission
    }
}

impl Drop for SubmissionWriter<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        if let Err(error) = self.end("ROLLBACK") {
            log::error!("rolling back submission {}: {error}", self.submission);
        }
        // On a disk that is nearly full, what was rolled back is not to take
        // up room in the log.
        if self.store.room.is_some()
            && let Err(error) = self.store.empty_log()
        {
            log::warn!("the log of the database stays: {error}");
        }
    }
}
