//! Lists of `schema/codes/` with all their columns, as tables for queries: a
//! vaccination schedule is more than its codes.

use std::collections::BTreeSet;

use crate::overlay::SCHEMA;
use crate::store::{SqlValue, StoreError};

/// Columns (with their type) and rows of a list.
type CodeTable = (Vec<String>, Vec<Vec<SqlValue>>);

/// Reads a list. Every column is text but those whose name ends in `_n`,
/// which hold whole numbers.
pub(super) fn table(name: &str) -> Result<CodeTable, StoreError> {
    let fail = |what: String| StoreError::Inconsistent(format!("codes/{name}.csv: {what}"));
    let file = SCHEMA.get_file(format!("codes/{name}.csv"));
    let file = file.ok_or_else(|| fail("missing".to_owned()))?;
    let text = file.contents_utf8().ok_or_else(|| fail("not UTF-8".to_owned()))?;
    let text = text.strip_prefix("#partial").unwrap_or(text).trim_start();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|e| fail(e.to_string()))?.clone();
    let number = |at: usize| names.get(at).is_some_and(|name| name.ends_with("_n"));
    let columns = names.iter().enumerate().map(|(at, column)| {
        format!("\"{}\" {}", column.trim(), if number(at) { "INTEGER" } else { "TEXT" })
    });
    let columns: Vec<String> = columns.collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| fail(e.to_string()))?;
        let mut values = Vec::new();
        for at in 0..names.len() {
            let text = row.get(at).unwrap_or("").trim();
            values.push(match (number(at), text) {
                (_, "") => SqlValue::Null,
                (true, text) => {
                    SqlValue::Int(text.parse().map_err(|_| fail(format!("no number: {text}")))?)
                }
                (false, text) => text.into(),
            });
        }
        rows.push(values);
    }
    Ok((columns, rows))
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
