//! Writes the rows of one archive: the hot path.

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{CachedStatement, Connection, Statement};

use super::marks::Touched;
use super::{Result, Store};
use crate::row::{Batch, Value};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsertedRow {
    /// Position in the batch.
    pub index: usize,
    /// Stored now; else its key was taken.
    pub stored: bool,
}

/// Visits of the archive by the ordinals that the judge gave them, as ids.
#[derive(Debug, Default)]
struct VisitIds {
    epoch: u32,
    ids: Vec<i64>,
    /// What the last unresolved visit turned out to be: visits come in runs
    /// of new ones or of known ones, so the likelier question is asked first.
    known_before: bool,
}

/// One archive being written. Everything happens in one transaction, which is
/// rolled back unless [`Loading::commit`] ends it.
pub struct Loading<'s> {
    store: &'s Store,
    submission: i64,
    round: i64,
    visits: VisitIds,
    pub(super) touched: Touched,
    open: bool,
}

/// Statements that find or make a visit.
struct VisitStatements<'c> {
    conn: &'c Connection,
    add: CachedStatement<'c>,
    find: CachedStatement<'c>,
}

impl<'c> VisitStatements<'c> {
    fn new(conn: &'c Connection) -> Result<Self> {
        let add = conn.prepare_cached(
            "INSERT INTO visit (hospcode, seq, date_serv, pid) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?;
        let find = conn.prepare_cached(
            "SELECT id FROM visit WHERE hospcode = ?1 AND seq = ?2 AND date_serv = ?3 AND pid = ?4",
        )?;
        Ok(Self { conn, add, find })
    }
}

impl VisitIds {
    /// The id of the visit with an ordinal, made when it is new.
    fn id(
        &mut self,
        ordinal: u32,
        key: [Value; 4],
        batch: &Batch,
        statements: &mut VisitStatements,
    ) -> Result<i64> {
        let ordinal = ordinal as usize;
        if self.ids.len() <= ordinal {
            self.ids.resize(ordinal + 1, 0);
        }
        if self.ids[ordinal] == 0 {
            self.ids[ordinal] = self.resolve(key, batch, statements)?;
        }
        Ok(self.ids[ordinal])
    }

    fn resolve(
        &mut self,
        key: [Value; 4],
        batch: &Batch,
        statements: &mut VisitStatements,
    ) -> Result<i64> {
        let key = key.map(|value| sql(batch, value, true));
        for attempt in 0..2 {
            if self.known_before == (attempt == 0) {
                bind_all(&mut statements.find, &key)?;
                if let Some(row) = statements.find.raw_query().next()? {
                    self.known_before = true;
                    return Ok(row.get(0)?);
                }
            } else if bind_all(&mut statements.add, &key)?.raw_execute()? == 1 {
                self.known_before = false;
                return Ok(statements.conn.last_insert_rowid());
            }
        }
        Err(super::StoreError::Inconsistent("a visit is neither stored nor new".to_owned()))
    }
}

impl Store {
    /// Begins the transaction of an archive. It is committed without waiting
    /// for the disk: a [`super::Flusher`] does that before anybody is told.
    pub fn load(&self, submission: i64, round: i32, guarded: bool) -> Result<Loading<'_>> {
        // What could be taken back of a group may be much and lies in a file;
        // of a statement, which may fail by itself, it is a page or two.
        let temp_store = if guarded { "FILE" } else { "MEMORY" };
        self.conn.execute_batch(&format!(
            "PRAGMA temp_store = {temp_store}; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE"
        ))?;
        Ok(Loading {
            store: self,
            submission,
            round: i64::from(round),
            visits: VisitIds::default(),
            touched: Touched::default(),
            open: true,
        })
    }
}

impl Loading<'_> {
    /// Begins a group of members that may have to be taken back together.
    pub fn begin_group(&mut self) -> Result<()> {
        Ok(self.store.conn.execute_batch("SAVEPOINT g")?)
    }

    /// Keeps the group.
    pub fn keep_group(&mut self) -> Result<()> {
        Ok(self.store.conn.execute_batch("RELEASE g")?)
    }

    /// Takes the group back.
    pub fn drop_group(&mut self) -> Result<()> {
        self.visits.ids.clear();
        Ok(self.store.conn.execute_batch("ROLLBACK TO g; RELEASE g")?)
    }

    /// Inserts the rows of a batch of the record at `table`, of which the
    /// columns in `sent` may have values; `visits` gives the ordinal of each
    /// row's visit within `epoch`, for records by visit.
    pub fn insert(
        &mut self,
        table: usize,
        batch: &Batch,
        sent: &[bool],
        (epoch, visits): (u32, &[u32]),
        mut each: impl FnMut(InsertedRow),
    ) -> Result<()> {
        let (number, table) = (table, &self.store.tables.list[table]);
        if self.visits.epoch != epoch {
            self.visits = VisitIds { epoch, ..VisitIds::default() };
        }
        let columns: Vec<(usize, bool)> =
            table.columns.iter().copied().filter(|&(column, key)| key || sent[column]).collect();
        let mut insert = self.store.conn.prepare_cached(&table.insert_sql(&columns))?;
        let tail = usize::from(table.visit) + columns.len() + 1;
        if table.register {
            insert.raw_bind_parameter(tail, self.round)?;
        }
        let sub = tail + usize::from(table.register);
        insert.raw_bind_parameter(sub, self.submission)?;
        let mut visit = VisitStatements::new(&self.store.conn)?;
        let mut bound = vec![None; columns.len()];
        for (index, row) in batch.rows.iter().enumerate() {
            let values = batch.row(index);
            if table.visit {
                let key = table.visit_columns.map(|column| values[column]);
                let id = self.visits.id(visits[index], key, batch, &mut visit)?;
                insert.raw_bind_parameter(1, id)?;
            }
            let mut parameter = usize::from(table.visit);
            for (&(column, key), bound) in columns.iter().zip(&mut bound) {
                parameter += 1;
                let value = values[column];
                // What the row before had is bound already.
                if bound.is_none_or(|before| !same(batch, before, value)) {
                    bind(&mut insert, parameter, batch, value, key)?;
                    *bound = Some(value);
                }
            }
            insert.raw_bind_parameter(sub + 1, row.line)?;
            let stored = insert.raw_execute()? == 1;
            if stored {
                self.touched.see(number, batch, values.get(table.visit_columns[0]));
            }
            each(InsertedRow { index, stored });
        }
        Ok(())
    }

    /// Ends the transaction; from here on the archive is loaded.
    pub fn commit(mut self) -> Result<()> {
        self.end("COMMIT")
    }

    /// Whoever else writes through this store does so as it was opened.
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

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.end("ROLLBACK")
        {
            log::error!("rolling back submission {}: {error}", self.submission);
        }
    }
}

fn same(batch: &Batch, a: Value, b: Value) -> bool {
    match (a, b) {
        _ if a == b => true,
        (Value::Text { start, len }, Value::Text { start: other, len: length }) => {
            batch.text_of(start, len) == batch.text_of(other, length)
        }
        _ => false,
    }
}

fn bind(
    statement: &mut Statement,
    parameter: usize,
    batch: &Batch,
    value: Value,
    key: bool,
) -> Result<()> {
    match value {
        Value::Null if key => statement.raw_bind_parameter(parameter, "")?,
        Value::Null => statement.raw_bind_parameter(parameter, rusqlite::types::Null)?,
        Value::Int(number) => statement.raw_bind_parameter(parameter, number)?,
        Value::Text { start, len } => {
            statement.raw_bind_parameter(parameter, batch.text_of(start, len))?;
        }
    }
    Ok(())
}

fn bind_all<'s, 'c>(
    statement: &'s mut CachedStatement<'c>,
    values: &[ToSqlOutput],
) -> Result<&'s mut CachedStatement<'c>> {
    for (parameter, value) in (1..).zip(values) {
        statement.raw_bind_parameter(parameter, value)?;
    }
    Ok(statement)
}

fn sql(batch: &Batch, value: Value, key: bool) -> ToSqlOutput<'_> {
    match value {
        Value::Null if key => ToSqlOutput::Borrowed(ValueRef::Text(b"")),
        Value::Null => ToSqlOutput::Owned(SqlValue::Null),
        Value::Int(number) => ToSqlOutput::Owned(SqlValue::Integer(number)),
        Value::Text { start, len } => {
            ToSqlOutput::Borrowed(ValueRef::Text(batch.text_of(start, len).as_bytes()))
        }
    }
}
