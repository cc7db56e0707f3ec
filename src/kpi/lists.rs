//! Lists of `schema/codes/` with all their columns, as tables for queries: a
//! vaccination schedule is more than its codes.

use std::collections::BTreeSet;

use crate::sql::{TableRows, parse_list, shipped_list};
use crate::store::{SqlValue, StoreError};

/// A list that is shipped, by name.
pub(super) fn table(name: &str) -> Result<TableRows, StoreError> {
    let fail = |what: String| StoreError::Inconsistent(format!("codes/{name}.csv: {what}"));
    let text = shipped_list(name).ok_or_else(|| fail("missing".to_owned()))?;
    parse_list(text).map_err(fail)
}

/// The codes of a list whose rows hold from a year (`from_n`) to a year
/// (`to_n`), as the second and third of its columns say.
pub(super) fn codes_of_year(name: &str, year: i32) -> Result<BTreeSet<String>, StoreError> {
    let (_, rows) = table(name)?;
    let year = i64::from(year);
    let holds = |row: &[SqlValue]| match row {
        [SqlValue::Text(code), SqlValue::Int(from), SqlValue::Int(to), ..] => {
            (*from..=*to).contains(&year).then(|| code.clone())
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(|row| holds(row)).collect())
}
