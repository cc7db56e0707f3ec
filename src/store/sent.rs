//! Which units' rows of a kind there are in some days: a few seeks for each
//! unit, because what arrives is kept by unit and day.

use std::collections::BTreeSet;

use rusqlite::types::Value as Sql;

use super::Result;
use super::connection::Reader;
use super::tables::{Sought, Tables};
use crate::row::canonical_int;

impl Reader {
    /// Those of the units of which there are such rows, in the whole store,
    /// whatever lens is held before it.
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
