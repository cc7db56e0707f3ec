//! What lines tell of the key of a row.

use std::collections::BTreeMap;

use super::layout::LayoutWord;
use super::read::ToldRow;
use crate::archive::Standard;
use crate::catalog::{Record, Storage, VISIT_KEY};

/// Why a line is nobody's: no key is told.
pub(super) const NO_KEY: &str = "no_key";

/// Whether two parts of keys are the same: a spreadsheet program may have taken
/// the noughts away.
pub(super) fn same_text(own: &str, told: &str) -> bool {
    own.trim_start_matches('0') == told.trim_start_matches('0')
}

/// The day that is told of a row whose key has the time of the event: no part
/// of the key, but the row's own day must be it.
pub(super) fn day_beside(told: &ToldRow, record: &Record) -> Option<i64> {
    let event = record.event.filter(|event| record.key.contains(event))?;
    told.day.filter(|_| record.columns[event].storage != Storage::Date)
}

/// The key as it was told, for who looks at a line that is nobody's.
pub(super) fn told_key(told: &ToldRow) -> String {
    if !told.key.is_empty() {
        return told.key.clone();
    }
    told.parts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("|")
}

/// The parts of the key that are told, by column: those of a whole key text,
/// else those of columns of the layout.
pub(super) fn key_parts(
    told: &ToldRow,
    record: &Record,
) -> Result<Vec<(usize, String)>, &'static str> {
    let mut parts: BTreeMap<usize, String> = BTreeMap::new();
    if !told.key.is_empty() {
        let texts: Vec<&str> = told.key.split('|').map(str::trim).collect();
        let in_standard = |standard: Standard| {
            let layout = record.layout(standard)?;
            let has = |column: &&usize| layout.columns.iter().any(|c| c.column == **column);
            let columns: Vec<usize> = record.key.iter().filter(has).copied().collect();
            (columns.len() >= texts.len()).then_some(columns)
        };
        let columns = in_standard(Standard::F43).or_else(|| in_standard(Standard::F21));
        let columns = columns.ok_or(NO_KEY)?;
        // Blank parts at the end are left out of a key.
        let texts = texts.into_iter().chain(std::iter::repeat(""));
        parts.extend(columns.into_iter().zip(texts.map(str::to_owned)));
    }
    let in_key = |name: &str| {
        let column = record.column(name)?;
        record.key.contains(&column).then_some(column)
    };
    for (word, text) in &told.parts {
        let name = match word {
            LayoutWord::Ours("pid") => VISIT_KEY[1],
            LayoutWord::Ours("seq") => VISIT_KEY[2],
            LayoutWord::Ours(_) => continue,
            LayoutWord::Column(column) => column,
        };
        if let Some(column) = in_key(name) {
            parts.entry(column).or_insert_with(|| text.clone());
        }
    }
    if !told.hcode.is_empty() {
        parts.entry(record.hospcode).or_insert_with(|| told.hcode.clone());
    }
    if let (Some(day), Some(event)) = (told.day, record.event)
        && record.key.contains(&event)
        && record.columns[event].storage == Storage::Date
    {
        parts.entry(event).or_insert_with(|| day.to_string());
    }
    if parts.is_empty() { Err(NO_KEY) } else { Ok(parts.into_iter().collect()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Records whose key has the time of the event.
    const BY_TIME: [&str; 11] = [
        "ACCIDENT",
        "ADMISSION",
        "CHARGE_IPD",
        "CLINICAL_REFER",
        "DATA_CORRECT",
        "DIAGNOSIS_IPD",
        "DRUG_IPD",
        "DRUG_REFER",
        "INVESTIGATION_REFER",
        "PROCEDURE_IPD",
        "PROCEDURE_REFER",
    ];

    #[test]
    fn a_day_is_part_of_a_key_only_where_the_key_has_days() {
        let catalog = crate::catalog::Catalog::builtin().unwrap();
        let mut by_time = BTreeSet::new();
        for record in &catalog.records {
            for layout in record.layouts() {
                let told = ToldRow {
                    hcode: "03590".to_owned(),
                    file: layout.file.clone(),
                    day: Some(20_140_110),
                    ..ToldRow::default()
                };
                let parts = key_parts(&told, record).unwrap();
                let of_day = parts.iter().find(|(column, _)| *column != record.hospcode);
                let in_key = record.event.filter(|event| record.key.contains(event));
                let storage = in_key.map(|event| record.columns[event].storage);
                let (part, beside) = (of_day.is_some(), day_beside(&told, record).is_some());
                let wanted = match storage {
                    None => (false, false),
                    Some(Storage::Date) => (true, false),
                    Some(_) => (false, true),
                };
                assert_eq!((part, beside), wanted, "{} {storage:?}", layout.file);
                if beside {
                    by_time.insert(record.name.as_str());
                }
            }
        }
        assert_eq!(by_time, BTreeSet::from(BY_TIME));
    }
}
