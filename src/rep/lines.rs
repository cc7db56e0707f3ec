//! Lines of a file that came back, for spreadsheets and terminals.

use std::borrow::Cow;

use crate::store::RepRowLine;

/// Columns of the lines as CSV.
pub const HEADER: [&str; 13] = [
    "at",
    "hcode",
    "archive",
    "file",
    "submission",
    "line",
    "matched",
    "why",
    "key",
    "day",
    "code",
    "passed",
    "points",
];

/// A line as CSV.
pub fn cells(row: &RepRowLine) -> [Cow<'_, str>; 13] {
    let number = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
    [
        row.at.to_string().into(),
        row.hcode.as_str().into(),
        row.archive.as_str().into(),
        row.file.as_str().into(),
        number(row.submission).into(),
        number(row.line.map(i64::from)).into(),
        row.matched.as_str().into(),
        row.why.as_str().into(),
        row.key.as_str().into(),
        number(row.day).into(),
        row.code.as_str().into(),
        if row.passed { "1" } else { "0" }.into(),
        row.points.as_deref().unwrap_or("").into(),
    ]
}

/// The key of the text that says why a line is nobody's.
pub fn why(word: &str) -> &'static str {
    match word {
        "no_file" => "rep.why_no_file",
        "not_sent" => "rep.why_not_sent",
        "no_key" => "rep.why_no_key",
        "freed" => "rep.why_freed",
        "several" => "rep.why_several",
        _ => "rep.why_not_stored",
    }
}
