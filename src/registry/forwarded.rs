//! Times of forwarding entered by hand: `destination,submission,at`.

use std::path::Path;

use chrono::{DateTime, NaiveDate};

use crate::clock::{at_bangkok, bangkok};

/// A mistake in a list of times.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct ForwardedError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

#[derive(serde::Deserialize)]
struct ForwardedRow {
    destination: String,
    submission: i64,
    at: String,
}

/// Reads a list: destination, submission, and when it was sent there (RFC
/// 3339, or a day).
///
/// # Errors
/// The first line that is wrong, with its number.
pub fn parse(path: &Path) -> Result<Vec<(String, i64, String)>, ForwardedError> {
    let file = path.display().to_string();
    let fail = |line, what: String| ForwardedError { file: file.clone(), line, what };
    let text = crate::files::read_plain(path).map_err(|error| fail(0, error.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for (index, row) in reader.deserialize::<ForwardedRow>().enumerate() {
        let line = index as u64 + 2;
        let row = row.map_err(|error| fail(line, error.to_string()))?;
        if row.destination.is_empty() {
            return Err(fail(line, "no destination".to_owned()));
        }
        let at = time(&row.at)
            .ok_or_else(|| fail(line, format!("neither a day nor an RFC 3339 time: {}", row.at)))?;
        lines.push((row.destination.to_lowercase(), row.submission, at));
    }
    Ok(lines)
}

/// A time as it is kept: RFC 3339 in Asia/Bangkok, so that text compares as
/// time.
fn time(text: &str) -> Option<String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&bangkok()).to_rfc3339());
    }
    let day: NaiveDate = text.parse().ok()?;
    Some(at_bangkok(day.and_hms_opt(0, 0, 0)?).to_rfc3339())
}
