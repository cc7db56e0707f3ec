//! Tables that queries use besides records: the calendar, lists with all their
//! columns, when submissions were sent, and points.

use crate::clock::{day_number, day_of_number};
use crate::overlay::SCHEMA;
use crate::store::SqlValue;

/// Tables that the engine itself fills.
pub(super) const GIVEN: [&str; 3] = ["calendar", "points", "sending"];

/// Columns (with their type) and rows of a table.
pub(super) type TableRows = (Vec<String>, Vec<Vec<SqlValue>>);

/// A list of `schema/codes/`, as text.
pub(super) fn shared(name: &str) -> Option<String> {
    SCHEMA.get_file(format!("codes/{name}.csv"))?.contents_utf8().map(str::to_owned)
}

/// Reads a list. Every column is text but those whose name ends in `_n`, which
/// hold whole numbers.
pub(super) fn parse(text: &str) -> Result<TableRows, String> {
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

/// First and last day of the calendar: nobody who is born before it or treated
/// after it is taken in by the checks of rows.
const CALENDAR: (i64, i64) = (18_500_101, 22_001_231);

/// Days with their numbers, one after the other.
pub(super) fn calendar() -> TableRows {
    let columns = ["day INTEGER", "n INTEGER"].map(str::to_owned).to_vec();
    let (first, last) = (day_of_number(CALENDAR.0), day_of_number(CALENDAR.1));
    let days = first.into_iter().flat_map(|first| first.iter_days());
    let days = days.take_while(|day| last.is_some_and(|last| *day <= last)).enumerate();
    (
        columns,
        days.map(|(n, day)| vec![SqlValue::Int(day_number(day)), SqlValue::Int(n as i64)])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_has_every_day_once() {
        let (_, days) = calendar();
        assert_eq!(days.len(), 128_200);
        let of = |day: i64| {
            days.iter().find(|row| row[0] == SqlValue::Int(day)).map(|row| row[1].clone())
        };
        let (Some(SqlValue::Int(before)), Some(SqlValue::Int(after))) =
            (of(20_160_228), of(20_160_301))
        else {
            panic!("days are missing")
        };
        assert_eq!(after - before, 2, "a leap day lies between");
        assert_eq!(of(20_150_229), None);
    }

    #[test]
    fn a_list_has_numbers_where_its_header_says_so() {
        let (columns, rows) = parse("code,days_n,after\n010,5,\n041,,093|033\n").unwrap();
        assert_eq!(columns, ["\"code\" TEXT", "\"days_n\" INTEGER", "\"after\" TEXT"]);
        assert_eq!(rows[0], ["010".into(), SqlValue::Int(5), SqlValue::Null]);
        assert_eq!(rows[1], ["041".into(), SqlValue::Null, "093|033".into()]);
        assert!(parse("a_n\nx\n").is_err());
        assert!(shared("kpi_illness").is_some() && shared("nothing").is_none());
    }
}
