//! Every check of every file, table-driven: a clean row is changed in one
//! thing at a time and must get exactly the codes that the dictionary gives
//! that change, no more and no fewer, with the counts that follow.

mod base;
mod battery;
mod mended;
mod oracle;
mod rubbish;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::clock::at_bangkok;
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::load::load;
use khlang::overlay::{CODES, Overlay};
use khlang::store::Store;
use khlang::submission::{FindingLine, Submission};
use khlang::units::Units;

use crate::support::sample::request;

use base::{LISTS, SENDER, Sheet, UNITS};
use battery::{Case, cases};
use oracle::{EARLY, LATE, Oracle, Person, Sent, Verdict};

/// The environment of these tests, with or without the lists that the dictionary
/// only names.
fn environment(folder: &tempfile::TempDir, lists: bool) -> Arc<Environment> {
    let codes = folder.path().join("codes");
    std::fs::create_dir_all(&codes).unwrap();
    for (name, list) in LISTS.iter().filter(|_| lists) {
        let text = format!("code,name\n{}\n", list.join(",x\n") + ",x");
        std::fs::write(codes.join(format!("{name}.csv")), text).unwrap();
    }
    let units = folder.path().join("units.csv");
    std::fs::write(&units, UNITS).unwrap();
    let mut config = Config::default();
    config.limits.findings = 1_000_000;
    config.limits.findings_in_all = 1_000_000;
    config.limits.warnings = 1_000_000;
    let catalog = Catalog::load(Some(&Overlay::folder(&codes, CODES))).unwrap();
    Environment::new(catalog, Units::load(&units).unwrap(), config).unwrap().into()
}

fn sheet<'c>(catalog: &'c Catalog, standard: Standard, file: &str) -> Sheet<'c> {
    let (record, layout) = catalog.file(standard, file).unwrap();
    Sheet::new(catalog, record, layout)
}

/// A member: header and lines, each with where it comes from.
#[derive(Default)]
struct Member {
    lines: Vec<String>,
}

impl Member {
    fn of(sheet: &Sheet) -> Self {
        let names: Vec<&str> = sheet.columns.iter().map(|c| c.name.as_str()).collect();
        Self { lines: vec![names.join("|")] }
    }

    /// Adds a line and gives its number.
    fn add(&mut self, line: String) -> u32 {
        self.lines.push(line);
        self.lines.len() as u32
    }
}

/// An archive for one file: its cases, their persons, and what must be sent
/// with it.
struct Built {
    members: BTreeMap<String, Member>,
    expected: BTreeMap<u32, (String, Verdict)>,
}

fn build(sheet: &Sheet, cases: &[Case], lists: bool, sent: Sent) -> Built {
    let standard = sheet.layout.standard;
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    let mut expected = BTreeMap::new();
    let mut oracle = Oracle::new(sheet, lists, sent);
    let mut own = Member::of(sheet);
    for case in cases {
        for row in &case.rows {
            let mut fields = row.clone();
            let length = (fields.len() as i32 + case.ragged) as usize;
            fields.resize(length, String::new());
            let line = own.add(fields.join("|"));
            let verdict = match case.ragged {
                // One delimiter at the end of a line is right structure.
                0 | 1 => oracle.row(row, &case.person),
                _ => oracle.ragged(),
            };
            expected.insert(line, (case.what.clone(), verdict));
        }
    }
    members.insert(sheet.layout.file.clone(), own);
    for need in &sheet.layout.needs {
        let partner = self::sheet(sheet.catalog, standard, need);
        let member = members.entry(need.clone()).or_insert_with(|| Member::of(&partner));
        member.add(partner.clean(0).join("|"));
    }
    if sheet.record.person.is_some() && sheet.record.name != "PERSON" {
        persons(sheet, cases, &mut members);
    }
    Built { members, expected }
}

/// PERSON, and DEATH for those who are dead.
fn persons(sheet: &Sheet, cases: &[Case], members: &mut BTreeMap<String, Member>) {
    let standard = sheet.layout.standard;
    let (people, deaths) = (
        self::sheet(sheet.catalog, standard, "PERSON"),
        self::sheet(sheet.catalog, standard, "DEATH"),
    );
    let nobody = Person { number: 0, birth: "19800101", sex: "2", death: None };
    let mut person = Member::of(&people);
    for who in cases.iter().map(|case| &case.person).chain([&nobody]) {
        let mut row = people.clean(who.number);
        who.birth.clone_into(&mut row[people.find("BIRTH").unwrap()]);
        who.sex.clone_into(&mut row[people.find("SEX").unwrap()]);
        person.add(row.join("|"));
        if let Some(death) = who.death {
            let mut row = deaths.clean(who.number);
            death.clone_into(&mut row[deaths.find("DDEATH").unwrap()]);
            let member = members.entry("DEATH".to_owned()).or_insert_with(|| Member::of(&deaths));
            member.add(row.join("|"));
        }
    }
    members.insert("PERSON".to_owned(), person);
}

fn run(
    environment: &Arc<Environment>,
    (standard, sent): (Standard, Sent),
    members: &BTreeMap<String, Member>,
) -> Submission {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{standard}_{SENDER}_{}083011.zip", sent.day);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (file, member) in members {
        zip.start_file(format!("{file}.txt"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(member.lines.join("\r\n").as_bytes()).unwrap();
    }
    let path = folder.path().join(&name);
    std::fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    let store = Store::open(&folder.path().join("khlang.db"), &environment.catalog, 16).unwrap();
    let day = chrono::NaiveDate::parse_from_str(sent.day, "%Y%m%d").unwrap();
    let now = at_bangkok(day.and_hms_opt(9, 0, 0).unwrap());
    let claim = request(environment, &path, &name, 1, now);
    let submission = load(&store, claim, &|_| None).unwrap();
    let report = store.verify(&environment.catalog, 30).unwrap();
    assert!(report.mismatches.is_empty(), "{name}: {:?}", report.mismatches);
    submission
}

fn said(finding: &FindingLine) -> (String, &'static str, Option<String>, String) {
    let severity = match format!("{:?}", finding.severity).as_str() {
        "Error" => "error",
        _ => "warning",
    };
    // What a row of the wrong length is reported with is free text.
    let value = if finding.code.ends_with("9500") { "" } else { finding.value.trim() };
    (
        finding.code.to_string(),
        severity,
        finding.field.as_deref().map(str::to_owned),
        value.to_owned(),
    )
}

/// Runs the battery of one file and gives every difference in words.
fn differences(
    environment: &Arc<Environment>,
    sheet: &Sheet,
    lists: bool,
    sent: Sent,
) -> Vec<String> {
    let cases = cases(sheet);
    let built = build(sheet, &cases, lists, sent);
    let got = run(environment, (sheet.layout.standard, sent), &built.members);
    let file = &sheet.layout.file;
    let mut out = Vec::new();
    let mut lines: BTreeMap<u32, BTreeSet<_>> = BTreeMap::new();
    for finding in &got.findings {
        if *finding.file == **file {
            lines.entry(finding.line).or_default().insert(said(finding));
        } else {
            out.push(format!(
                "{file}: {} {} was to be clean: {finding:?}",
                finding.file, finding.line
            ));
        }
    }
    let mut counts = [0; 6];
    for (line, (what, verdict)) in &built.expected {
        let found = lines.remove(line).unwrap_or_default();
        if ["clean", "one trailing delimiter"].contains(&what.as_str()) && !verdict.said.is_empty()
        {
            out.push(format!("{file}: the clean row is not clean: {:?}", verdict.said));
        }
        if found != verdict.said {
            out.push(format!("{file} {what}\n  expected {:?}\n  got      {found:?}", verdict.said));
        }
        let accepted = !verdict.rejected && !verdict.duplicate;
        let flags =
            [true, accepted, verdict.duplicate, verdict.rejected, verdict.warned, verdict.on_time];
        for (count, flag) in counts.iter_mut().zip(flags) {
            *count += u64::from(flag);
        }
    }
    let extra = |file: &String| u64::from(sheet.layout.needs.contains(file));
    let counted = got.files.iter().find(|f| f.file == *file).unwrap().counts;
    let counted = [
        counted.received,
        counted.accepted,
        counted.duplicate,
        counted.rejected,
        counted.warned,
        counted.on_time,
    ];
    if counted != counts && extra(file) == 0 {
        out.push(format!("{file} counts: expected {counts:?}, got {counted:?}"));
    }
    out.extend(notes(sheet, &got, lists));
    out
}

/// A list that is not there, or not whole, is told with the fields that it
/// would have validated.
fn notes(sheet: &Sheet, got: &Submission, installed: bool) -> Vec<String> {
    let mut out = Vec::new();
    for column in &sheet.columns {
        let own = column.checks.iter().find(|check| check.kind == "standard_list");
        let lists: Vec<&str> = match (own, &column.list) {
            (Some(check), _) => check.param.split('|').collect(),
            _ if column.column == sheet.record.hospcode => continue,
            _ if column.checks.iter().any(|c| c.kind == "code_list") => continue,
            (None, Some(list)) => vec![list],
            (None, None) => continue,
        };
        let field = format!("{}.{}", sheet.layout.file, column.name);
        for list in lists {
            let partial = sheet.catalog.codes.get(list).is_some_and(|list| !list.whole);
            let told = got.notes.iter().any(|note| {
                note.code == "N02"
                    && note.detail.split([':', ',', ' ']).any(|word| word == field)
                    && note.detail.starts_with(list)
            });
            if told != (partial || list.starts_with("ext:") && !installed) {
                out.push(format!("{field}: list {list}: not checked is told: {told}"));
            }
        }
    }
    out
}

fn check_standard(standard: Standard, lists: bool, sent: Sent) {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder, lists);
    let mut wrong = Vec::new();
    for layout in environment.catalog.layouts(standard) {
        let sheet = sheet(&environment.catalog, standard, &layout.file);
        wrong.extend(differences(&environment, &sheet, lists, sent));
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_check_of_f21_gives_its_code() {
    check_standard(Standard::F21, true, EARLY);
}

#[test]
fn every_check_of_f43_gives_its_code() {
    check_standard(Standard::F43, true, EARLY);
}

#[test]
fn checks_of_a_later_year_judge_the_archives_of_that_year() {
    check_standard(Standard::F43, true, LATE);
}

#[test]
fn f21_without_the_named_lists_says_not_checked() {
    check_standard(Standard::F21, false, EARLY);
}

#[test]
fn f43_without_the_named_lists_says_not_checked() {
    check_standard(Standard::F43, false, EARLY);
}

/// Standard and code of everything that the tables above expect somewhere.
pub fn expected_codes() -> BTreeSet<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder, true);
    let mut codes = BTreeSet::new();
    for standard in [Standard::F21, Standard::F43] {
        for layout in environment.catalog.layouts(standard) {
            let sheet = sheet(&environment.catalog, standard, &layout.file);
            for sent in [EARLY, LATE] {
                let built = build(&sheet, &cases(&sheet), true, sent);
                let said = built.expected.values().flat_map(|(_, verdict)| &verdict.said);
                codes.extend(said.map(|(code, ..)| (standard.to_string(), code.clone())));
            }
        }
    }
    codes
}
