//! Lists of `schema/codes/` and the like with all their columns, as tables for
//! queries: a vaccination schedule is more than its codes.

use crate::overlay::SCHEMA;
use crate::store::SqlValue;

/// Columns (with their type) and rows of a table.
pub type TableRows = (Vec<String>, Vec<Vec<SqlValue>>);

/// The text of a list of `schema/codes/`.
pub fn shipped_list(name: &str) -> Option<&'static str> {
    SCHEMA.get_file(format!("codes/{name}.csv"))?.contents_utf8()
}

/// Reads a list. Every column is text but those whose name ends in `_n`, which
/// hold whole numbers. Fails with what is wrong with it.
///
/// # Errors
/// Says what is wrong with the list, with its line.
pub fn parse_list(text: &str) -> Result<TableRows, String> {
    let text = text.trim_start_matches('\u{feff}');
    let text = text.strip_prefix("#partial").unwrap_or(text).trim_start();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|e| e.to_string())?.clone();
    let number = |at: usize| names.get(at).is_some_and(|name| name.trim().ends_with("_n"));
    let columns = names.iter().enumerate().map(|(at, column)| {
        format!("\"{}\" {}", column.trim(), if number(at) { "INTEGER" } else { "TEXT" })
    });
    let columns: Vec<String> = columns.collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| e.to_string())?;
        let mut values = Vec::new();
        for at in 0..names.len() {
            let text = row.get(at).unwrap_or("").trim();
            values.push(match (number(at), text) {
                (_, "") => SqlValue::Null,
                (true, text) => {
                    SqlValue::Int(text.parse().map_err(|_| format!("no number: {text}"))?)
                }
                (false, text) => text.into(),
            });
        }
        rows.push(values);
    }
    Ok((columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_numbers_where_its_header_says_so() {
        let (columns, rows) = parse_list("code,days_n,after\n010,5,\n041,,093|033\n").unwrap();
        assert_eq!(columns, ["\"code\" TEXT", "\"days_n\" INTEGER", "\"after\" TEXT"]);
        assert_eq!(rows[0], ["010".into(), SqlValue::Int(5), SqlValue::Null]);
        assert_eq!(rows[1], ["041".into(), SqlValue::Null, "093|033".into()]);
        assert!(parse_list("a_n\nx\n").is_err());
        assert!(shipped_list("kpi_illness").is_some() && shipped_list("nothing").is_none());
    }
}
