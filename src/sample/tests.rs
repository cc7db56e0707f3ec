//! What a sample must be, looked at from outside: its files are read back
//! with the zip crate and held against the catalogue, without the validator.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use super::*;
use crate::archive::Standard;
use crate::catalog::{Layout, Type};

fn made(standard: Standard, units: u32, persons: u32, months: u32, defects: f64) -> Made {
    made_from(default_start(), standard, (units, persons), months, defects)
}

fn made_from(
    start: NaiveDate,
    standard: Standard,
    (units, persons): (u32, u32),
    months: u32,
    defects: f64,
) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let args = SampleArgs {
        dir: dir.path().to_owned(),
        units,
        persons,
        months,
        seed: 11,
        standard: Some(standard),
        defects,
        start,
    };
    let catalog = Catalog::builtin().unwrap();
    let summary = generate(&args, &catalog).unwrap();
    let ledger = std::fs::read(dir.path().join("ledger.json")).unwrap();
    Made { ledger: serde_json::from_slice(&ledger).unwrap(), dir, catalog, summary }
}

struct Made {
    dir: tempfile::TempDir,
    catalog: Catalog,
    summary: SampleSummary,
    ledger: serde_json::Value,
}

impl Made {
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
        files
    }
}

/// Rows of a member: value by wire name of the column.
fn rows<'l>(layout: &'l Layout, bytes: &[u8]) -> Vec<BTreeMap<&'l str, String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_874.decode(bytes).0.into_owned(),
    };
    let mut columns: Vec<usize> = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && *line != "test") {
        let fields: Vec<&str> = line.split('|').collect();
        if ["HOSPCODE", "PCUCODE"].contains(&fields[0].to_uppercase().as_str()) {
            let find = |name: &&str| {
                let name = name.to_uppercase();
                let is = |c: &crate::catalog::WireColumn| c.name == name || c.alias.contains(&name);
                layout.columns.iter().position(is)
            };
            let named: Vec<&str> = fields.into_iter().filter(|name| !name.is_empty()).collect();
            columns = named.iter().map(|name| find(name).expect(name)).collect();
            continue;
        }
        if columns.is_empty() {
            let fits = |count| layout.versions.iter().find(|v| v.columns.len() == count);
            let version = fits(fields.len()).or_else(|| fits(fields.len() - 1));
            columns.clone_from(&version.expect("a known number of columns").columns);
        }
        assert!(fields.len() - columns.len() <= 1, "{}: {line}", layout.file);
        let value =
            |(at, field): (&usize, &&str)| (layout.columns[*at].name.as_str(), (*field).to_owned());
        rows.push(columns.iter().zip(&fields).map(value).collect());
    }
    rows
}

/// Every member of the good archives in order: archive, file, bytes.
fn members(made: &Made) -> Vec<(String, String, Vec<u8>)> {
    let mut members = Vec::new();
    for entry in made.ledger["archives"].as_array().unwrap() {
        let name = entry["archive"].as_str().unwrap();
        let bytes = std::fs::read(made.dir.path().join(name)).unwrap();
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        for at in 0..zip.len() {
            let mut member = zip.by_index(at).unwrap();
            let base = member.name().unwrap().rsplit('/').next().unwrap().to_owned();
            let Some(stem) = base.strip_suffix(".txt") else { continue };
            let cut = stem.len().saturating_sub(21);
            let suffixed = stem.len() > 21 && stem.as_bytes()[cut] == b'_';
            let file = if suffixed { &stem[..cut] } else { stem };
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            members.push((name.to_owned(), file.to_uppercase(), bytes));
        }
    }
    members
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    for standard in [Standard::F21, Standard::F43] {
        let (one, two) = (made(standard, 9, 400, 2, 0.05), made(standard, 9, 400, 2, 0.05));
        let (one, two) = (one.files(), two.files());
        assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
        for (name, bytes) in &one {
            assert!(bytes == &two[name], "{name} differs");
        }
    }
}

#[test]
fn clean_rows_keep_to_the_dictionary() {
    for standard in [Standard::F21, Standard::F43] {
        let made = made(standard, 12, 1_800, 8, 0.0);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut files: BTreeSet<String> = BTreeSet::new();
        for (archive, file, bytes) in members(&made) {
            let (record, layout) = made.catalog.file(standard, &file).expect(&file);
            let entry = made.ledger["archives"].as_array().unwrap();
            let entry = entry.iter().find(|entry| entry["archive"] == archive.as_str()).unwrap();
            let sent = entry["sent_at"].as_str().unwrap()[..10].replace('-', "");
            let round = entry["round"].to_string();
            let rows = rows(layout, &bytes);
            let count = entry["files"][&file]["received"].as_u64().unwrap_or(0);
            assert_eq!(rows.len() as u64, count, "{archive} {file}");
            for row in &rows {
                files.insert(file.clone());
                check_row(&made.catalog, layout, row, &sent);
                let mut key: Vec<&str> = vec![&file];
                for part in &record.key {
                    let name = layout.columns.iter().find(|c| c.column == *part);
                    key.extend(name.and_then(|c| row.get(c.name.as_str())).map(String::as_str));
                }
                if record.register {
                    key.push(&round);
                }
                assert!(seen.insert(key.join("|")), "{archive}: {key:?} twice");
            }
        }
        let all = made.catalog.layouts(standard).map(|layout| layout.file.clone());
        let left: Vec<String> = all.filter(|file| !files.contains(file)).collect();
        assert_eq!(left, Vec::<String>::new(), "files without rows");
    }
}

fn check_row(catalog: &Catalog, layout: &Layout, row: &BTreeMap<&str, String>, sent: &str) {
    for column in &layout.columns {
        let Some(value) = row.get(column.name.as_str()) else { continue };
        let at = format!("{}.{} {value:?}", layout.file, column.name);
        assert!(!column.required || !value.is_empty(), "{at}: required");
        if value.is_empty() {
            continue;
        }
        assert!(column.width == 0 || value.chars().count() <= column.width, "{at}: width");
        let list = column.list.as_deref().and_then(|list| catalog.codes.get(list));
        // Laboratory codes have two digits before fiscal year 2560.
        if let Some(list) = list.filter(|list| list.whole && column.name != "LABTEST") {
            assert!(list.codes.contains(value), "{at}: list");
        }
        if matches!(column.kind, Type::Date | Type::DateTime) {
            let day = value[..8].parse().ok().and_then(crate::clock::day_of_number);
            assert!(day.is_some(), "{at}: date");
            assert!(column.ahead || &value[..8] <= sent, "{at}: after {sent}");
        }
        if column.name == "CID" {
            assert!(crate::row::citizen_id::is_valid(value), "{at}: check digit");
        }
    }
}

#[test]
fn the_ledger_adds_up() {
    let made = made(Standard::F43, 12, 1_500, 3, 0.04);
    let totals = &made.ledger["totals"];
    assert_eq!(totals["rows"]["received"].as_u64(), Some(made.summary.rows));
    let mut archives = 0;
    for entry in made.ledger["archives"].as_array().unwrap() {
        archives += 1;
        for (file, counts) in entry["files"].as_object().unwrap() {
            let of = |name: &str| counts[name].as_u64().unwrap();
            assert_eq!(of("received"), of("accepted") + of("duplicate") + of("rejected"), "{file}");
            assert!(of("warned") <= of("accepted") && of("on_time") <= of("accepted"), "{file}");
        }
        let broken = entry["status"] == "broken";
        assert!(!broken || entry["files"].as_object().unwrap().is_empty(), "{entry}");
        assert_eq!(entry["status"] == "accepted", entry["problems"].as_array().unwrap().is_empty());
    }
    assert_eq!(archives, made.summary.archives);
    assert_eq!(archives as usize, made.files().len() - 3);
}

#[test]
fn defects_bring_up_every_code() {
    for standard in [Standard::F21, Standard::F43] {
        // Late enough for the checks of fiscal year 2559.
        let start = NaiveDate::from_ymd_opt(2015, 11, 1).unwrap();
        let made = made_from(start, standard, (24, 8_000), 6, 0.03);
        let totals = &made.ledger["totals"];
        let mut missing = Vec::new();
        for text in made.catalog.findings.iter() {
            let here = text.standard == "*" || text.standard == standard.to_string();
            let code = text.code.as_str();
            if !here || code.starts_with('N') || code.starts_with("XX") {
                continue;
            }
            let layout = made.catalog.layout(standard, &text.file);
            let mut checks = layout.iter().flat_map(|l| &l.columns).flat_map(|c| &c.checks);
            // Without the list there is nothing to be outside of.
            let asks_list = checks.any(|c| {
                c.code == code && c.kind == "standard_list" && c.param.starts_with("ext:")
            });
            let found = !totals["codes"][code].is_null() || !totals["problems"][code].is_null();
            if !found && !asks_list {
                missing.push(code.to_owned());
            }
        }
        assert_eq!(missing, Vec::<String>::new(), "{standard}");
        for tail in [
            "9500", "9501", "9502", "9503", "9504", "9505", "9506", "9507", "9508", "9509", "9510",
            "9511", "9512", "9513", "9514",
        ] {
            let codes = totals["codes"].as_object().unwrap();
            assert!(codes.keys().any(|code| code.ends_with(tail)), "{standard} XX{tail}");
        }
        let late = made.ledger["archives"].as_array().unwrap().iter().any(|entry| {
            entry["status"] == "accepted" && entry["files"]["SERVICE"]["on_time"] == 0
        });
        assert!(late, "an archive that is late");
    }
}
