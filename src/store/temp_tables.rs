//! Temporary tables of a reader, shared by queries of `schema/`. They end with the
//! snapshot in which they were made, so none is older than the rows it is read with.
//! The database itself stays read-only.

use rusqlite::types::Value as Bound;

use super::connection::Reader;
use super::query::SqlValue;
use super::{Result, StoreError};

/// A temporary table to make.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec<'a> {
    /// Name of the table, without the schema.
    pub name: &'a str,
    /// Columns with their types.
    pub columns: &'a [String],
    /// Columns of the primary key; empty for none.
    pub key: &'a [String],
    /// Columns of one more index; empty for none.
    pub index: &'a [String],
}

impl TableSpec<'_> {
    fn sql(&self) -> String {
        let mut columns = self.columns.join(", ");
        let mut options = "";
        if !self.key.is_empty() {
            columns = format!("{columns}, PRIMARY KEY ({})", self.key.join(", "));
            options = " WITHOUT ROWID";
        }
        format!("CREATE TEMP TABLE \"{}\" ({columns}){options}", self.name)
    }
}

impl Reader {
    /// Makes a temporary table and fills it with the answer of a query.
    ///
    /// # Errors
    /// Errors of the database, a query that cannot be run, and one with other columns
    /// than the table.
    pub fn make_table(
        &self,
        spec: &TableSpec<'_>,
        sql: &str,
        params: &[(&str, SqlValue)],
    ) -> Result<()> {
        self.with_temp_writes(|| {
            self.conn.execute_batch(&spec.sql())?;
            let insert = format!("INSERT INTO temp.\"{}\" {sql}", spec.name);
            let mut statement = self.conn.prepare(&insert)?;
            for (name, value) in params {
                if let Some(index) = statement.parameter_index(name)? {
                    statement.raw_bind_parameter(index, value)?;
                }
            }
            statement.raw_execute()?;
            self.index(spec)
        })
    }

    /// Makes a temporary table and fills it with rows from the program.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn fill_table(
        &self,
        spec: &TableSpec<'_>,
        rows: impl Iterator<Item = Vec<SqlValue>>,
    ) -> Result<()> {
        self.with_temp_writes(|| {
            self.conn.execute_batch(&spec.sql())?;
            let marks = vec!["?"; spec.columns.len()].join(", ");
            let insert = format!("INSERT INTO temp.\"{}\" VALUES ({marks})", spec.name);
            let mut statement = self.conn.prepare(&insert)?;
            for row in rows {
                statement.execute(rusqlite::params_from_iter(row.into_iter().map(bound)))?;
            }
            self.index(spec)
        })
    }

    /// Takes so many MiB at most for the page cache of temporary tables from now
    /// on, where several readers share the memory of one.
    pub fn set_temp_cache(&self, mib: u32) {
        self.temp_cache_kib.set(i64::from(mib) << 10);
    }

    /// Drops a temporary table, if it is there.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn drop_table(&self, name: &str) -> Result<()> {
        self.with_temp_writes(|| {
            Ok(self.conn.execute_batch(&format!("DROP TABLE IF EXISTS temp.\"{name}\""))?)
        })
    }

    fn index(&self, spec: &TableSpec<'_>) -> Result<()> {
        if spec.index.is_empty() {
            return Ok(());
        }
        let (name, columns) = (spec.name, spec.index.join(", "));
        self.conn.execute_batch(&format!(
            "CREATE INDEX temp.\"{name}_index\" ON \"{name}\" ({columns})"
        ))?;
        Ok(())
    }

    /// Lets temporary tables be written. The file was opened read-only, so
    /// nothing else can be.
    pub(super) fn with_temp_writes<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.conn.is_autocommit() {
            let what = "temporary tables live in a snapshot, and none is held";
            return Err(StoreError::Inconsistent(what.to_owned()));
        }
        self.conn.pragma_update(Some("temp"), "cache_size", -self.temp_cache_kib.get())?;
        self.conn.pragma_update(None, "query_only", false)?;
        let done = work();
        self.conn.pragma_update(None, "query_only", true)?;
        done
    }
}

fn bound(value: SqlValue) -> Bound {
    match value {
        SqlValue::Null => Bound::Null,
        SqlValue::Int(value) => Bound::Integer(value),
        SqlValue::Text(text) => Bound::Text(text),
    }
}
