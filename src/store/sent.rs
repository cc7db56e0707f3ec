//! Finds units that have rows of a kind on given days: a few seeks for each unit,
//! because rows are clustered by unit and day.

use std::collections::BTreeSet;

use rusqlite::types::Value as Sql;

use super::Result;
use super::connection::Reader;
use super::tables::{Sought, Tables};
use crate::row::canonical_int;

impl Reader {
    /// The units that have such rows in the whole store, ignoring the row filter.
    ///
    /// # Errors
    /// Errors of the database, such as a query that was stopped at its deadline.
    pub fn units_with(
        &self,
        tables: &Tables,
        sought: &Sought,
        units: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let Some(at) = tables.find(&sought.record) else { return Ok(BTreeSet::new()) };
        let (sql, scale) = tables.list[at].sought_sql(sought);
        let (from, to) = sought.between.unwrap_or_default();
        let (from, to) = (from * scale, to * scale + scale - 1);
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut found = BTreeSet::new();
        for unit in units {
            // A number is kept as one; a code that is none only as text.
            let text = Sql::Text(unit.clone());
            let forms = [Some(text), canonical_int(unit).map(Sql::Integer)];
            for form in forms.into_iter().flatten() {
                let there = if sought.between.is_some() {
                    query.exists(rusqlite::params![form, from, to])?
                } else {
                    query.exists([form])?
                };
                if there {
                    found.insert(unit.clone());
                }
            }
        }
        Ok(found)
    }
}
