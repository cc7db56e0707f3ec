//! Restricts a reader to the rows of some units, and of some persons at others.
//! Temporary views of the same names shadow the tables and views of the database,
//! so that a query for everything can be run unchanged on a part.

use super::Result;
use super::connection::Reader;
use super::tables::{RecordTable, Tables};
use crate::row::canonical_int;

/// Which rows a reader sees.
#[derive(Debug, Clone, Copy)]
pub struct RowFilter<'a> {
    /// Units of which all rows are seen.
    pub whole: &'a [String],
    /// Units of which the rows of some persons are seen.
    pub partly: &'a [String],
    /// Those persons.
    pub persons: &'a [i64],
    /// The query that tells who is a person: `hcode`, `pid`, `person`.
    pub known: &'a str,
}

/// A code has no type of its own: it equals what is stored in either form.
const TABLES: &str = "
    CREATE TEMP TABLE filter_unit (code, whole INTEGER NOT NULL);
    CREATE TEMP TABLE filter_who (person INTEGER PRIMARY KEY);
    CREATE TEMP TABLE filter_person (code, pid, PRIMARY KEY (code, pid)) WITHOUT ROWID;";

const DROP: &str = "DROP TABLE temp.filter_unit; DROP TABLE temp.filter_who;
    DROP TABLE temp.filter_person;";

impl Reader {
    /// Restricts what this reader sees to some units and persons. A snapshot has to
    /// be held.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn set_row_filter(&self, tables: &Tables, filter: &RowFilter<'_>) -> Result<()> {
        self.with_temp_writes(|| {
            self.conn.execute_batch(TABLES)?;
            let mut unit = self.conn.prepare("INSERT INTO temp.filter_unit VALUES (?1, ?2)")?;
            let partly = filter.partly.iter().filter(|unit| !filter.whole.contains(unit));
            let units = filter.whole.iter().map(|unit| (unit, 1)).chain(partly.map(|u| (u, 0)));
            for (code, whole) in units {
                // A number is kept as one; a code that is none only as text.
                unit.execute(rusqlite::params![code, whole])?;
                if let Some(number) = canonical_int(code) {
                    unit.execute(rusqlite::params![number, whole])?;
                }
            }
            let mut who = self.conn.prepare("INSERT INTO temp.filter_who VALUES (?1)")?;
            for person in filter.persons {
                who.execute([person])?;
            }
            let known = filter.known;
            self.conn.execute_batch(&format!(
                "INSERT OR IGNORE INTO temp.filter_person SELECT k.hcode, k.pid
                 FROM temp.filter_unit AS u CROSS JOIN ({known}) AS k ON k.hcode = u.code
                 WHERE k.person IN (SELECT person FROM temp.filter_who)"
            ))?;
            tables
                .list
                .iter()
                .try_for_each(|table| Ok(self.conn.execute_batch(&table.filter_sql())?))
        })
    }

    /// Shows the whole store again.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn clear_row_filter(&self, tables: &Tables) -> Result<()> {
        self.with_temp_writes(|| {
            for table in &tables.list {
                let (record, name) = (&table.record, &table.name);
                self.conn.execute_batch(&format!(
                    "DROP VIEW temp.\"{record}\"; DROP VIEW temp.\"{name}\""
                ))?;
            }
            Ok(self.conn.execute_batch(DROP)?)
        })
    }
}

impl RecordTable {
    /// The temporary views that shadow a table and its view.
    fn filter_sql(&self) -> String {
        let (record, name, columns) = (&self.record, &self.name, self.view_columns());
        let (from, person) = if self.visit {
            let from = format!(
                "temp.filter_unit AS u CROSS JOIN main.visit AS v ON v.hospcode = u.code
                 CROSS JOIN main.{name} AS t ON t.visit = v.id"
            );
            (from, "v.pid")
        } else {
            let from = format!(
                "temp.filter_unit AS u CROSS JOIN main.{name} AS t ON t.\"HOSPCODE\" = u.code"
            );
            (from, if self.has("PID") { "t.\"PID\"" } else { "NULL" })
        };
        let seen = format!(
            "(u.whole OR EXISTS (SELECT 1 FROM temp.filter_person AS p
              WHERE p.code = u.code AND p.pid = {person}))"
        );
        format!(
            "CREATE TEMP VIEW \"{record}\" AS SELECT {columns} FROM {from} WHERE {seen};
             CREATE TEMP VIEW \"{name}\" AS SELECT t.* FROM {from} WHERE {seen};"
        )
    }
}
