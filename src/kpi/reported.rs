//! Reads a CSV of reported values: `kpi,unit,period,numerator,denominator,note`.

use super::{Amount, Counts, Library, Period};
use crate::store::ReportedValue;
use crate::units::Units;

/// A reported value, checked.
pub type Entry = ReportedValue;

const HEADER: [&str; 6] = ["kpi", "unit", "period", "numerator", "denominator", "note"];

/// Reads and checks the values of a CSV file; every mistake is named with its
/// line, and one mistake means that nothing is entered.
pub fn read_entries(
    text: &str,
    library: &Library,
    units: &Units,
) -> Result<Vec<Entry>, Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().is_ok_and(|h| h.iter().eq(HEADER));
    if !header {
        return Err(vec![format!("line 1: the header is {}", HEADER.join(","))]);
    }
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for (index, row) in reader.records().enumerate() {
        let line = index + 2;
        match row.map_err(|e| e.to_string()).and_then(|row| entry(&row, library, units)) {
            Ok(entry) => entries.push(entry),
            Err(what) => mistakes.push(format!("line {line}: {what}")),
        }
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

fn entry(row: &csv::StringRecord, library: &Library, units: &Units) -> Result<Entry, String> {
    let field = |at: usize| row.get(at).unwrap_or("").to_owned();
    let (kpi, unit, period) = (field(0), field(1), field(2));
    match library.get(&kpi) {
        None => return Err(format!("{kpi:?} is no KPI")),
        Some(definition) if definition.counts != Counts::Reported => {
            return Err(format!("{kpi} is computed, not reported"));
        }
        Some(_) => {}
    }
    if !units.knows(&unit) {
        return Err(format!("{unit:?} is no unit"));
    }
    let period: Period = period.parse().map_err(|e: super::PeriodError| e.to_string())?;
    let (numerator, denominator) = (field(3), field(4));
    let amount = |text: &str| Amount::parse(text).ok_or_else(|| format!("{text:?} is no number"));
    amount(&numerator)?;
    if amount(&denominator)?.is_zero() {
        return Err("the denominator is nothing".to_owned());
    }
    Ok(Entry { kpi, unit, period: period.to_string(), numerator, denominator, note: field(5) })
}
