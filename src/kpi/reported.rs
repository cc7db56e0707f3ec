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

/// What is said of a name that is not known.
fn no<'a>((th, en): (&str, &str), name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = crate::catalog::nearest(name, known);
    let near = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
    format!("there is no {en} {name:?}{near} / ไม่มี{th}นี้")
}

fn entry(row: &csv::StringRecord, library: &Library, units: &Units) -> Result<Entry, String> {
    let field = |at: usize| row.get(at).unwrap_or("").to_owned();
    let (kpi, unit, period) = (field(0), field(1), field(2));
    let reported = || library.kpis.values().filter(|kpi| kpi.counts == Counts::Reported);
    let definition = match library.get(&kpi) {
        None => {
            return Err(no(("ตัวชี้วัด", "KPI"), &kpi, reported().map(|kpi| kpi.id.as_str())));
        }
        Some(definition) if definition.counts != Counts::Reported => {
            return Err(format!("{kpi} is computed, not reported / คำนวณจากข้อมูล ไม่ต้องรายงาน"));
        }
        Some(definition) => definition,
    };
    if !units.knows(&unit) {
        return Err(no(("หน่วยบริการ", "unit"), &unit, units.by_code.keys().map(String::as_str)));
    }
    let period: Period = period.parse().map_err(|e: super::PeriodError| e.to_string())?;
    let (numerator, denominator) = (field(3), field(4));
    let amount = |text: &str| Amount::parse(text).ok_or_else(|| format!("{text:?} is no number"));
    let (of, all) = (amount(&numerator)?, amount(&denominator)?);
    if all.is_zero() {
        return Err("the denominator is nothing / ตัวหารเป็นศูนย์".to_owned());
    }
    if definition.is_share() && of > all {
        return Err(format!(
            "{numerator} of {denominator} is more than all of them / ตัวตั้งมากกว่าตัวหาร"
        ));
    }
    Ok(Entry { kpi, unit, period: period.to_string(), numerator, denominator, note: field(5) })
}
