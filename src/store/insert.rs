//! Statements that insert the rows of a batch, several rows at a time, so that the
//! fixed cost of a statement (opening the table, finding its end) is shared.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, Statement};
use rustc_hash::FxHashMap;

use super::Result;
use super::tables::RecordTable;
use crate::row::{Batch, Value};

/// Rows that one statement inserts. Eight bring most of what there is to gain;
/// beyond sixteen nothing was measured.
pub(super) const TOGETHER: usize = 16;

/// Texts kept of a table: senders differ in the columns that they have.
const TEXTS: usize = 8;

/// The texts of statements that were made: making one anew for each member
/// takes longer than many a member has rows to insert.
#[derive(Debug, Default)]
pub(super) struct InsertTexts {
    /// By name of the table.
    known: RefCell<FxHashMap<String, Vec<InsertText>>>,
}

#[derive(Debug)]
struct InsertText {
    columns: Vec<(usize, bool)>,
    rows: usize,
    sql: Arc<str>,
}

impl InsertTexts {
    /// [`RecordTable::insert_sql`], made once.
    fn find(&self, table: &RecordTable, columns: &[(usize, bool)], rows: usize) -> Arc<str> {
        let mut known = self.known.borrow_mut();
        if let Some(texts) = known.get(&table.name)
            && let Some(text) = texts.iter().find(|t| t.rows == rows && t.columns == columns)
        {
            return Arc::clone(&text.sql);
        }
        let sql: Arc<str> = table.insert_sql(columns, rows).into();
        let texts = known.entry(table.name.clone()).or_default();
        if texts.len() >= TEXTS {
            texts.clear();
        }
        texts.push(InsertText { columns: columns.to_vec(), rows, sql: Arc::clone(&sql) });
        sql
    }
}

/// Inserts rows into the table of their record, batch by batch.
pub(super) struct Inserts<'s> {
    conn: &'s Connection,
    texts: &'s InsertTexts,
    table: &'s RecordTable,
    sent: Vec<bool>,
    /// Columns that may have values, and whether each is part of the key.
    columns: Vec<(usize, bool)>,
    /// The round, if the table has it, and the submission.
    shared: Vec<i64>,
    one: Insert<'s>,
    many: Option<Insert<'s>>,
    /// The rows before were all new, or all there already.
    in_run: bool,
}

impl<'s> Inserts<'s> {
    /// For rows of which the columns in `sent` may have values.
    pub fn new(
        (conn, texts): (&'s Connection, &'s InsertTexts),
        table: &'s RecordTable,
        sent: &[bool],
        shared: Vec<i64>,
    ) -> Result<Self> {
        let columns: Vec<(usize, bool)> =
            table.columns.iter().copied().filter(|&(column, key)| key || sent[column]).collect();
        let one = Insert::new(conn, &texts.find(table, &columns, 1), 1, columns.len(), &shared)?;
        let sent = sent.to_vec();
        Ok(Self { conn, texts, table, sent, columns, shared, one, many: None, in_run: true })
    }

    /// Whether it is for such rows.
    pub fn is_for(&self, table: &RecordTable, sent: &[bool]) -> bool {
        std::ptr::eq(self.table, table) && self.sent == sent
    }

    /// Begins another batch, of so many rows.
    pub fn begin(&mut self, rows: usize) -> Result<()> {
        if rows >= TOGETHER && self.many.is_none() {
            let Self { conn, texts, table, columns, shared, .. } = self;
            let sql = texts.find(table, columns, TOGETHER);
            self.many = Some(Insert::new(conn, &sql, TOGETHER, columns.len(), shared)?);
        }
        // Texts that are bound lie in the batch before.
        self.one.bound.fill(None);
        if let Some(many) = &mut self.many {
            many.bound.fill(None);
        }
        Ok(())
    }

    /// Inserts at most [`TOGETHER`] rows, in their order; says which were new.
    pub fn insert<'b>(
        &mut self,
        rows: Range<usize>,
        row: impl Fn(usize) -> NewRow<'b>,
    ) -> Result<[bool; TOGETHER]> {
        let count = rows.len();
        let mut new = [false; TOGETHER];
        match &mut self.many {
            Some(many) if self.in_run && count == TOGETHER => {
                for (slot, index) in rows.clone().enumerate() {
                    many.bind(slot, &self.columns, &row(index))?;
                }
                let stored = many.run()?;
                self.in_run = stored == 0 || stored == count;
                if self.in_run {
                    new = [stored == count; TOGETHER];
                } else {
                    let mut ours = Ours::new(self.conn, self.table)?;
                    for (new, index) in new.iter_mut().zip(rows) {
                        *new = ours.is(self.table, &self.shared, &row(index))?;
                    }
                }
            }
            _ => {
                for (new, index) in new.iter_mut().zip(rows) {
                    self.one.bind(0, &self.columns, &row(index))?;
                    *new = self.one.run()? == 1;
                }
                let stored = new.iter().filter(|&&new| new).count();
                self.in_run = stored == 0 || stored == count;
            }
        }
        Ok(new)
    }
}

/// A statement over some rows, and what is bound in it.
pub(super) struct Insert<'c> {
    statement: CachedStatement<'c>,
    /// Parameters that are the same for all rows.
    shared: usize,
    /// Parameters of a row.
    width: usize,
    /// By row and column: the value that is bound.
    bound: Vec<Option<Value>>,
}

/// A row to insert.
pub(super) struct NewRow<'b> {
    pub batch: &'b Batch,
    /// Position in the batch.
    pub index: usize,
    /// Before its columns: its visit.
    pub visit: Option<i64>,
    /// After its columns: its line.
    pub line: Option<u32>,
}

impl<'c> Insert<'c> {
    /// `sql` inserts so many rows: parameters that all share, and those of each
    /// row. `shared` is bound here.
    pub fn new(
        conn: &'c Connection,
        sql: &str,
        rows: usize,
        columns: usize,
        shared: &[i64],
    ) -> Result<Self> {
        let mut statement = conn.prepare_cached(sql)?;
        for (parameter, value) in (1..).zip(shared) {
            statement.raw_bind_parameter(parameter, value)?;
        }
        let width = (statement.parameter_count() - shared.len()) / rows;
        let bound = vec![None; rows * columns];
        Ok(Self { statement, shared: shared.len(), width, bound })
    }

    /// Binds a row, with these columns of it (whether each is part of a key).
    pub fn bind(&mut self, slot: usize, columns: &[(usize, bool)], row: &NewRow) -> Result<()> {
        let mut parameter = self.shared + slot * self.width;
        if let Some(visit) = row.visit {
            parameter += 1;
            self.statement.raw_bind_parameter(parameter, visit)?;
        }
        let values = row.batch.row(row.index);
        let bound = &mut self.bound[slot * columns.len()..][..columns.len()];
        for (&(column, key), bound) in columns.iter().zip(bound) {
            parameter += 1;
            let value = values[column];
            // What was bound for the row before it need not be bound again.
            if bound.is_none_or(|before| !same(row.batch, before, value)) {
                bind(&mut self.statement, parameter, row.batch, value, key)?;
                *bound = Some(value);
            }
        }
        if let Some(line) = row.line {
            self.statement.raw_bind_parameter(parameter + 1, line)?;
        }
        Ok(())
    }

    /// The number that the statement, a question, answers for what is bound.
    pub fn ask(&mut self) -> Result<Option<i64>> {
        Ok(self.statement.raw_query().next()?.map(|row| row.get(0)).transpose()?)
    }

    /// Inserts the rows that are bound; says how many were new.
    pub fn run(&mut self) -> Result<usize> {
        Ok(self.statement.raw_execute()?)
    }
}

/// The statement that tells whether a row is the one that stands in its table
/// under its key, and not one that was there before it.
struct Ours<'c> {
    statement: CachedStatement<'c>,
}

impl<'c> Ours<'c> {
    fn new(conn: &'c Connection, table: &RecordTable) -> Result<Self> {
        Ok(Self { statement: conn.prepare_cached(&table.ours_sql())? })
    }

    fn is(&mut self, table: &RecordTable, shared: &[i64], row: &NewRow) -> Result<bool> {
        let statement = &mut self.statement;
        let values = row.batch.row(row.index);
        let mut parameter = 1;
        for value in shared.iter().copied().chain(row.visit) {
            statement.raw_bind_parameter(parameter, value)?;
            parameter += 1;
        }
        for &(column, key) in table.columns.iter().filter(|(_, key)| *key) {
            bind(statement, parameter, row.batch, values[column], key)?;
            parameter += 1;
        }
        statement.raw_bind_parameter(parameter, row.line)?;
        Ok(statement.raw_query().next()?.is_some())
    }
}

fn same(batch: &Batch, a: Value, b: Value) -> bool {
    match (a, b) {
        _ if a == b => true,
        (Value::Text(a), Value::Text(b)) => {
            a.len() == b.len() && batch.text_of(a) == batch.text_of(b)
        }
        _ => false,
    }
}

/// Binds a value; a blank part of a key is the empty text.
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
        Value::Text(place) => statement.raw_bind_parameter(parameter, batch.text_of(place))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::store::tables::Tables;

    #[test]
    fn a_text_that_was_kept_is_that_of_its_table_columns_and_rows() {
        let (tables, texts) = (Tables::new(&Catalog::builtin().unwrap()), InsertTexts::default());
        for _ in 0..2 {
            for table in &tables.list {
                // More sets of columns than are kept.
                for left_out in 0..table.columns.len().min(2 * TEXTS) {
                    let mut columns = table.columns.clone();
                    columns.remove(left_out);
                    for rows in [1, TOGETHER] {
                        let sql = table.insert_sql(&columns, rows);
                        assert_eq!(&*texts.find(table, &columns, rows), sql);
                        assert_eq!(&*texts.find(table, &columns, rows), sql, "again");
                    }
                }
            }
        }
        assert!(texts.known.borrow().values().all(|texts| texts.len() <= TEXTS));
    }
}
