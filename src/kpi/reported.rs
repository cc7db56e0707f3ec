//! Reads a CSV of reported values: `kpi,unit,period,numerator,denominator,note`.
//! A value is of a unit, or of a whole group such as a province.

use std::fmt::Display;

use super::{Amount, Level, Library, Period, ValueScale};
use crate::store::ReportedValue;
use crate::text::{message_with, text};
use crate::units::Units;

/// A reported value, checked.
pub type ReportedEntry = ReportedValue;

const HEADER: [&str; 6] = ["kpi", "unit", "period", "numerator", "denominator", "note"];

/// Reads and checks the values of a CSV file; every mistake is named with its
/// line, and one mistake means that nothing is entered.
///
/// # Errors
/// Every mistake with its line.
pub fn read_entries(
    text: &str,
    library: &Library,
    units: &Units,
) -> Result<Vec<ReportedEntry>, Vec<String>> {
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

/// What is said of a name that is not known.
fn no<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = crate::spelling::nearest(name, known);
    let near = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
    let (kind, name) = (text(kind), format!("{name:?}"));
    let values: [(&str, &dyn Display); 4] =
        [("th", &kind.th), ("en", &kind.en), ("name", &name), ("near", &near)];
    message_with("kpi.unknown_name", &values).both()
}

fn entry(
    row: &csv::StringRecord,
    library: &Library,
    units: &Units,
) -> Result<ReportedEntry, String> {
    let field = |at: usize| row.get(at).unwrap_or("").to_owned();
    let (kpi, unit, period) = (field(0), field(1), field(2));
    let entered = || library.kpis.values().filter(|kpi| kpi.enter);
    let definition = match library.get(&kpi) {
        None => {
            return Err(no("noun.kpi", &kpi, entered().map(|kpi| kpi.id.as_str())));
        }
        Some(definition) if !definition.enter => {
            return Err(message_with("kpi.computed", &[("kpi", &kpi)]).both());
        }
        Some(definition) => definition,
    };
    let unit = place(&unit, units)?;
    let period: Period = period.parse().map_err(|e: super::PeriodError| e.to_string())?;
    let (numerator, denominator) = (field(3), field(4));
    let no_number =
        |text: &str| message_with("kpi.no_number", &[("text", &format!("{text:?}"))]).both();
    let change = definition.scale == ValueScale::Change;
    let counted = if change { Amount::signed } else { Amount::parse };
    let of = counted(&numerator).ok_or_else(|| no_number(&numerator))?;
    let all = Amount::parse(&denominator).ok_or_else(|| no_number(&denominator))?;
    if all.is_zero() {
        return Err(text("kpi.denominator_is_nothing").both());
    }
    if definition.is_share() && of > all {
        let values: [(&str, &dyn Display); 2] =
            [("numerator", &numerator), ("denominator", &denominator)];
        return Err(message_with("kpi.more_than_all", &values).both());
    }
    Ok(ReportedEntry {
        kpi,
        unit,
        period: period.to_string(),
        numerator,
        denominator,
        note: field(5),
    })
}

/// Whom a value is of: a unit by its code, a province by its name, or a group
/// as `LEVEL:CODE`; the region, which no unit names, as `region:12`.
fn place(text: &str, units: &Units) -> Result<String, String> {
    if units.knows(text) {
        return Ok(text.to_owned());
    }
    let is_group = |level: Level, code: &str| {
        !code.is_empty() && units.by_code.values().any(|unit| level.group(unit) == code)
    };
    if let Some((name, code)) = text.split_once(':') {
        let (name, code) = (name.trim(), code.trim());
        let level = name.parse::<Level>().ok().filter(|level| *level != Level::Unit);
        let region = name == REGION && code.parse::<u8>().is_ok_and(|no| REGIONS.contains(&no));
        if region || level.is_some_and(|level| is_group(level, code)) {
            return Ok(format!("{name}:{code}"));
        }
    } else if is_group(Level::Province, text) {
        return Ok(format!("{}:{text}", Level::Province));
    }
    let unknown = no("noun.unit", text, units.by_code.keys().map(String::as_str));
    Err(format!("{unknown}; {}", crate::text::text("kpi.a_group").both()))
}

/// How a value of the region is written.
pub const REGION: &str = "region";

/// Numbers of the health regions [ZONES-13].
const REGIONS: std::ops::RangeInclusive<u8> = 1..=13;
