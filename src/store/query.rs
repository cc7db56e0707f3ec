//! Queries that are written as data (`schema/**/*.sql`): run one with named
//! parameters, and see its lines without knowing `SQLite`.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::connection::Reader;
use super::{Result, StoreError};

/// A value given to a query or read from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SqlValue {
    /// Nothing there.
    Null,
    /// A whole number; dates are `YYYYMMDD`.
    Int(i64),
    /// Text.
    Text(String),
}

impl From<i64> for SqlValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for SqlValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

/// A borrowed value, for queries with millions of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawValue<'a> {
    /// Nothing there.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(&'a str),
}

/// A line of an answer. Columns count from 0.
pub struct QueryRow<'a> {
    row: &'a rusqlite::Row<'a>,
}

impl QueryRow<'_> {
    /// A whole number; `None` if the value is null.
    ///
    /// # Errors
    /// Fails if there is no such column, or its value is of another type.
    pub fn int(&self, column: usize) -> Result<Option<i64>> {
        Ok(self.row.get(column)?)
    }

    /// Text; `None` if the value is null or a number.
    ///
    /// # Errors
    /// Fails if there is no such column.
    pub fn str(&self, column: usize) -> Result<Option<&str>> {
        Ok(match self.row.get_ref(column)? {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        })
    }

    /// A whole number or text, without copying it; nothing of any other kind.
    ///
    /// # Errors
    /// Fails if there is no such column.
    pub fn raw(&self, column: usize) -> Result<RawValue<'_>> {
        Ok(match self.row.get_ref(column)? {
            ValueRef::Integer(value) => RawValue::Int(value),
            ValueRef::Text(bytes) => {
                std::str::from_utf8(bytes).map_or(RawValue::Null, RawValue::Text)
            }
            _ => RawValue::Null,
        })
    }

    /// Any value. A number with a fraction is shown as text: nothing here
    /// counts in floats.
    ///
    /// # Errors
    /// Fails if there is no such column.
    pub fn value(&self, column: usize) -> Result<SqlValue> {
        Ok(match self.row.get_ref(column)? {
            ValueRef::Integer(value) => SqlValue::Int(value),
            ValueRef::Text(text) => SqlValue::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Real(value) => SqlValue::Text(value.to_string()),
            ValueRef::Null | ValueRef::Blob(_) => SqlValue::Null,
        })
    }
}

impl Reader {
    /// Hands every line of the answer to `each`, in order. Of `params` (names
    /// with their colon) those that the query does not name are left alone;
    /// one that it names and nobody gave is null.
    ///
    /// # Errors
    /// Errors of SQLite, a deadline that has passed, and whatever `each` returns.
    pub fn each_line(
        &self,
        sql: &str,
        params: &[(&str, SqlValue)],
        mut each: impl FnMut(&QueryRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.conn.prepare_cached(sql)?;
        statement.clear_bindings();
        for (name, value) in params {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            each(&QueryRow { row })?;
        }
        Ok(())
    }

    /// Names of the columns that a query answers with, and of its parameters
    /// (with their colon); an error when the query cannot be prepared.
    ///
    /// # Errors
    /// Fails if the query cannot be prepared.
    pub fn shape(&self, sql: &str) -> Result<(Vec<String>, Vec<String>)> {
        let statement = self.conn.prepare(sql).map_err(StoreError::from)?;
        let columns = statement.column_names().into_iter().map(str::to_owned).collect();
        let params = (1..=statement.parameter_count())
            .filter_map(|index| statement.parameter_name(index).map(str::to_owned))
            .collect();
        Ok((columns, params))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::store::Store;

    #[test]
    fn a_query_sees_its_parameters_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        drop(Store::open(&path, &Catalog::builtin().unwrap(), 8).unwrap());
        let reader = Reader::open(&path, None).unwrap();
        let sql = "SELECT :start + 1, :word, :nobody, 0.5";
        let params =
            [(":start", SqlValue::Int(2)), (":word", "ก".into()), (":other", SqlValue::Null)];
        let mut seen = Vec::new();
        reader
            .each_line(sql, &params, |line| {
                seen.push((0..4).map(|n| line.value(n).unwrap()).collect::<Vec<_>>());
                assert_eq!(line.str(1)?, Some("ก"));
                assert_eq!(line.int(0)?, Some(3));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [[SqlValue::Int(3), "ก".into(), SqlValue::Null, "0.5".into()]]);
        let (columns, params) = reader.shape("SELECT 1 AS one WHERE :start").unwrap();
        assert_eq!((columns, params), (vec!["one".to_owned()], vec![":start".to_owned()]));
        assert!(reader.shape("SELECT nothing FROM nowhere").is_err());
    }
}
