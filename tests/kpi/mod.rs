//! Golden cases of KPIs: `ID/in/*.txt` go through the real loader, and
//! `ID/expect.csv` says what must come of them.
//!
//! The texts hold only what matters to the case. A header names the columns;
//! further required ones are filled from `defaults.toml`. `@7` is a citizen ID
//! with a right check digit; what follows `#` says why the row is there. Rows
//! are sent by the unit they name, files in `in/F21/` in the other standard,
//! files in `in/10670/` by that main unit whatever unit they name. A case of
//! other years says in `sent` when all is sent, as `YYYYMMDD` of B.E.; what is
//! below `in/` in a folder named so is sent on that day instead. `registry.csv`
//! is the population registry.
//! A line of `expect.csv` is a group's result, with what it did not send where
//! that is why it has no value; code `!reason` counts those
//! who do not count; level `person` is one person at one unit, `unit:@n`.

mod commands;
mod library;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::kpi::{Calculator, Definition, Level, Library, Period};
use khlang::load::load;
use khlang::overlay::{CODES, Overlay};
use khlang::store::{Reader, Store};
use khlang::units::Units;

use crate::support::sample::request;

use super::support::case::{UNITS, zipped};

/// All archives are sent and received after the period of the cases, on this
/// day unless a case says another.
pub const SENT: u64 = 25_571_015;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kpi")
}

/// Names of the cases.
fn cases() -> Vec<String> {
    golden_cases(&root())
}

/// Names of the golden cases of a folder: the folders with an expectation.
pub fn golden_cases(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("expect.csv").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A citizen ID for a number of a case.
fn cid(number: &str) -> String {
    let number: u64 = number.parse().unwrap();
    let body = format!("1{number:011}");
    let sum: u32 = body.bytes().zip((2..=13).rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", (11 - sum % 11) % 10)
}

pub fn expand(value: &str) -> String {
    value.trim().strip_prefix('@').map_or_else(|| value.trim().to_owned(), cid)
}

/// Files of one unit in one standard: name to header and rows.
pub type Files = BTreeMap<String, (Vec<String>, Vec<Vec<String>>)>;

/// A case, loaded.
struct Loaded {
    environment: Arc<Environment>,
    folder: tempfile::TempDir,
}

impl Loaded {
    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("khlang.db"), None).unwrap()
    }

    fn of(case: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = root().join(case).join("units.csv");
        let units = folder.path().join("units.csv");
        let text = std::fs::read_to_string(own).unwrap_or_else(|_| UNITS.to_owned());
        std::fs::write(&units, text).unwrap();
        let lists = root().join(case).join("codes");
        let catalog = Catalog::load(Some(&Overlay::folder(&lists, CODES))).unwrap();
        let environment =
            Environment::new(catalog, Units::load(&units).unwrap(), Config::default());
        let environment = Arc::new(environment.unwrap());
        let mut store =
            Store::open(&folder.path().join("khlang.db"), &environment.catalog, 8).unwrap();
        let said = std::fs::read_to_string(root().join(case).join("sent"));
        let sent_on: u64 = said.map_or(SENT, |day| day.trim().parse().unwrap());
        let mut number = 0_i64;
        let mut folders = earlier(&root().join(case).join("in"));
        folders.extend(["", "F21", "10670"].map(|below| (below.to_owned(), sent_on)));
        for (below, sent_on) in folders {
            let standard = if below == "F21" { Standard::F21 } else { Standard::F43 };
            let sent =
                read(&environment.catalog, standard, &root().join(case).join("in").join(&below));
            for (unit, files) in sent {
                let hcode = if below == "10670" { below.clone() } else { unit };
                number += 1;
                let members: Vec<(String, String)> = files
                    .iter()
                    .map(|(name, file)| (format!("{name}.txt"), text_of(file)))
                    .collect();
                let name = format!(
                    "{standard}_{hcode}_{}.zip",
                    sent_on * 1_000_000 + 80_000 + number.unsigned_abs()
                );
                let path = folder.path().join("archive");
                std::fs::write(&path, zipped(&members)).unwrap();
                put(&environment, &store, &path, &name, number, sent_on);
            }
        }
        register(&mut store, &root().join(case), folder.path(), "2017-10-15T12:00:00+07:00");
        drop(store);
        Self { environment, folder }
    }
}

/// Imports the population registry of the folder of a case that has one, at a
/// time.
pub fn register(store: &mut Store, case: &Path, folder: &Path, at: &str) {
    let Ok(text) = std::fs::read_to_string(case.join("registry.csv")) else { return };
    let line = |line: &str| line.split(',').map(expand).collect::<Vec<_>>().join(",");
    let path = folder.join("registry.csv");
    std::fs::write(&path, text.lines().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    khlang::registry::import(store, &path, "somebody", at, 3).unwrap();
}

/// Folders of a case that are named as the day on which they are sent.
pub fn earlier(folder: &Path) -> Vec<(String, u64)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let days = names.filter(|name| name.len() == 8);
    let mut days: Vec<(String, u64)> =
        days.filter_map(|name| name.parse().ok().map(|day| (name, day))).collect();
    days.sort();
    days
}

pub fn put(
    environment: &Arc<Environment>,
    store: &Store,
    path: &Path,
    name: &str,
    id: i64,
    sent_on: u64,
) {
    let (year, month, day) = (sent_on / 10_000 - 543, sent_on / 100 % 100, sent_on % 100);
    let now = format!("{year}-{month:02}-{day:02}T12:00:00+07:00");
    let now: DateTime<FixedOffset> = now.parse().unwrap();
    let claim = request(environment, path, name, id, now);
    let submission = load(store, claim, &|_| None).unwrap();
    for file in &submission.files {
        let counts = &file.counts;
        assert_eq!(
            (counts.rejected, counts.duplicate),
            (0, 0),
            "{name} {}: {:?} {:?}",
            file.file,
            submission.findings,
            submission.problems
        );
    }
    assert!(submission.files.iter().any(|file| file.counts.accepted > 0), "{name}: {submission:?}");
}

/// The files of a folder by the unit that sends them.
pub fn read(catalog: &Catalog, standard: Standard, folder: &Path) -> BTreeMap<String, Files> {
    let mut by_unit: BTreeMap<String, Files> = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return by_unit };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(|line| line.split('#').next().unwrap().trim_end());
        let mut header: Vec<String> = lines.next().unwrap().split('|').map(str::to_owned).collect();
        let given = header.len();
        let filled = filling(catalog, standard, &name, &header);
        header.extend(filled.iter().map(|(column, _)| column.clone()));
        for line in lines.filter(|line| !line.is_empty()) {
            let mut row: Vec<String> = line.split('|').map(expand).collect();
            assert_eq!(row.len(), given, "{}: {line}", path.display());
            row.extend(filled.iter().map(|(_, value)| value.clone()));
            let files = by_unit.entry(row[0].clone()).or_default();
            files.entry(name.clone()).or_insert_with(|| (header.clone(), Vec::new())).1.push(row);
        }
    }
    for files in by_unit.values_mut() {
        pair(catalog, standard, files);
    }
    by_unit
}

/// SERVICE is refused without diagnoses: a case that does not care for them
/// gets one that no KPI looks at.
fn pair(catalog: &Catalog, standard: Standard, files: &mut Files) {
    let diagnosis = if standard == Standard::F43 { "DIAGNOSIS_OPD" } else { "DIAG" };
    let Some((header, rows)) = files.get("SERVICE").cloned() else { return };
    if files.contains_key(diagnosis) {
        return;
    }
    let visit = |row: &[String]| {
        ["PID", "SEQ", "DATE_SERV"]
            .map(|column| row[header.iter().position(|h| h == column).unwrap()].clone())
    };
    let mut names: Vec<String> = [&*header[0], "PID", "SEQ", "DATE_SERV", "DIAGTYPE", "DIAGCODE"]
        .map(str::to_owned)
        .to_vec();
    let filled = filling(catalog, standard, diagnosis, &names);
    let [pid, seq, day] = visit(&rows[0]);
    let mut row = vec![rows[0][0].clone(), pid, seq, day, "4".to_owned(), "Z000".to_owned()];
    names.extend(filled.iter().map(|(column, _)| column.clone()));
    row.extend(filled.iter().map(|(_, value)| value.clone()));
    files.insert(diagnosis.to_owned(), (names, vec![row]));
}

/// Required columns that a case leaves out, with their values.
fn filling(
    catalog: &Catalog,
    standard: Standard,
    file: &str,
    header: &[String],
) -> Vec<(String, String)> {
    let defaults: BTreeMap<String, String> =
        toml::from_str(&std::fs::read_to_string(root().join("defaults.toml")).unwrap()).unwrap();
    let layout = catalog.layout(standard, file).unwrap_or_else(|| panic!("no file {file}"));
    for column in header {
        assert!(layout.columns.iter().any(|c| c.name == *column), "{file} has no {column}");
    }
    let of_register = ["DISCHARGE", "DISCHAR", "NATION", "TYPEAREA", "BIRTH"];
    layout
        .columns
        .iter()
        .filter(|c| {
            (c.required && c.since == 0) || (file == "PERSON" && of_register.contains(&&*c.name))
        })
        .filter(|c| !header.contains(&c.name))
        .map(|c| {
            let key = format!("{file}_{}", c.name);
            let value = defaults.get(&key).or_else(|| defaults.get(&c.name));
            let value = value.unwrap_or_else(|| panic!("defaults.toml has no {}", c.name));
            (c.name.clone(), value.clone())
        })
        .collect()
}

pub fn text_of((header, rows): &(Vec<String>, Vec<Vec<String>>)) -> String {
    let mut text = header.join("|") + "\n";
    for row in rows {
        text += &row.join("|");
        text.push('\n');
    }
    text
}

/// A line of an expectation: what is asked, and what is answered.
fn expectations(case: &str) -> BTreeMap<[String; 3], BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join(case).join("expect.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split('#').next().unwrap().trim());
    assert_eq!(lines.next(), Some("kpi,period,level,code,numerator,denominator,value"), "{case}");
    let mut asked: BTreeMap<[String; 3], BTreeSet<String>> = BTreeMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(4, ',').map(str::to_owned);
        let key = [parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap()];
        asked.entry(key).or_default().insert(parts.next().unwrap());
    }
    asked
}

fn answered(
    session: &mut Calculator<'_>,
    definition: &Definition,
    period: &Period,
    level: Level,
) -> BTreeSet<String> {
    let result = session.run(definition, period, level).unwrap();
    let mut lines = BTreeSet::new();
    if let Some(why) = &result.not_computable {
        lines.insert(format!("not computable,,,{}", why.needs));
    }
    for row in &result.rows {
        let silent = row.not_sent.as_ref().filter(|_| row.value.is_none());
        let silent = silent.map(|why| format!("not sent {}", why.needs));
        let value = row.value.clone().or(silent).unwrap_or_default();
        lines.insert(format!("{},{},{},{value}", row.code, row.numerator, row.denominator));
    }
    for (reason, count) in &result.excluded {
        lines.insert(format!("!{reason},{count},,"));
    }
    lines
}

/// What becomes of persons, each named `unit:@n`.
fn persons(
    session: &mut Calculator<'_>,
    definition: &Definition,
    period: &Period,
    wanted: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for line in wanted {
        let who = line.split(',').next().unwrap();
        let (unit, person) = who.split_once(':').unwrap();
        let explained = session.explain_person(definition, period, &expand(person), true).unwrap();
        let outcomes = explained.outcomes.iter().filter(|outcome| outcome.hcode == unit);
        let (mut den, mut num, mut reason) = (0, 0, String::new());
        let mut found = false;
        for outcome in outcomes {
            found = true;
            den += i32::from(outcome.in_denominator);
            num += i32::from(outcome.in_numerator);
            reason = outcome.reason.clone().unwrap_or(reason);
        }
        let answer = format!("{who},{num},{den},{reason}");
        lines.insert(if found { answer } else { format!("{who},,,") });
    }
    lines
}

/// Counts what a case asks for, and gives every difference in words.
fn differences(case: &str) -> Vec<String> {
    let library = Library::load(None).unwrap();
    let mut wrong = Vec::new();
    let loaded = Loaded::of(case);
    let reader = loaded.reader();
    let mut calculator = Calculator::new(&loaded.environment, &reader).unwrap();
    for ([kpi, period, level], expected) in expectations(case) {
        let definition = library.get(&kpi).unwrap_or_else(|| panic!("{case}: no KPI {kpi}"));
        let when: Period = period.parse().unwrap();
        let seen = if level == "person" {
            persons(&mut calculator, definition, &when, &expected)
        } else {
            answered(&mut calculator, definition, &when, level.parse().unwrap())
        };
        for line in expected.difference(&seen) {
            wrong.push(format!("{kpi} {period} {level}: expected {line}"));
        }
        for line in seen.difference(&expected) {
            wrong.push(format!("{kpi} {period} {level}: but got  {line}"));
        }
    }
    wrong
}

#[test]
fn every_kpi_has_a_golden_case() {
    let library = Library::load(None).unwrap();
    let shown: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| expectations(case).into_keys().map(|[kpi, ..]| kpi))
        .collect();
    let bare: Vec<&String> = library.kpis.keys().filter(|id| !shown.contains(*id)).collect();
    let reported = |id: &String| library.kpis[id].query.is_none();
    let bare: Vec<&String> = bare.into_iter().filter(|id| !reported(id)).collect();
    assert!(bare.is_empty(), "no golden case: {bare:?}");
}
