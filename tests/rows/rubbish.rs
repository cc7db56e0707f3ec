//! Each of some thirty kinds of rubbish is put into each column of each record
//! of both standards, and something is to be said of it. What may pass stands
//! in tables here, with the reason; a line of a table that nothing needs fails
//! the test as well.

use std::collections::BTreeSet;

use khlang::archive::Standard;
use khlang::catalog::{Type, WireColumn};
use khlang::environment::Environment;
use khlang::row::{
    Batch, CompiledLayout, Context, NoStore, Order, PersonContext, Validator, Value,
};
use rustc_hash::FxHashSet;

use super::base::{SENDER, Sheet};
use super::oracle::LATE;
use super::{environment, sheet};

/// Text that stands for nothing.
const NOTHING: [&str; 8] = ["NULL", "null", "\\N", "(null)", "<null>", "N/A", "n/a", "-"];

/// No value of any type.
const RUBBISH: [&str; 22] = [
    "ไข้",
    "ไม่ทราบ",
    "?",
    "???",
    "R51,J00",
    "a b",
    "x",
    "true",
    "๑๒",
    "１２",
    "-5",
    "1e9",
    "#N/A",
    "=1+1",
    "' OR 1=1",
    "<b>",
    "0000-00-00",
    "31/12/2556",
    "12:30",
    "1,000",
    "NaN",
    "๒๕๕๗๐๑๓๑",
];

/// Of a number of any kind of measurement nothing is known, so it may be
/// below zero.
const ANY_NUMBER: [&str; 2] = ["CLINICALVAULE", "INVESTVALUE"];

/// Lists that are not installed and whose codes may have letters: a word of
/// letters and digits cannot be told from a code.
const LETTERS: [&str; 10] = [
    "ext:icf",
    "ext:risktype",
    "ext:rehab_service",
    "ext:rehab_device",
    "ext:ppspecial",
    "ext:comservice",
    "ext:comactivity",
    "ext:refer_clinical",
    "ext:refer_invest",
    "ext:drg",
];

/// A drug may have the code of the unit, which is whatever the unit prints.
const PRINTED: [&str; 1] = ["ext:drug24"];

/// Columns of free text by what they hold: only what stands for nothing, a
/// control character and a text too long can be told from a value.
const FREE: &[(&str, &[&str])] = &[
    (
        "numbers that the program of the unit gives, in a form of its own",
        &[
            "AN",
            "AN_IN",
            "CONDO",
            "DID",
            "DISABID",
            "HEADID",
            "HID",
            "HN",
            "HOUSE_ID",
            "INSID",
            "MPID",
            "PASSPORT",
            "PID",
            "PID_IN",
            "PROVIDER",
            "REFERID",
            "REFERID_ORIGIN",
            "REFERID_PROVINCE",
            "REFERID_SOURCE",
            "REGISTERNO",
            "SEQ",
            "VHID",
            "VHVID",
        ],
    ),
    (
        "names of people, places and things",
        &["CLINICALNAME", "DNAME", "INVESTNAME", "LNAME", "NAME", "PROCEDURENAME", "VILLANAME"],
    ),
    (
        "addresses and telephones as people write them",
        &[
            "HOUSE",
            "HOUSENO",
            "ILLHOUSE",
            "ILLVILL",
            "ILLVILLAGE",
            "MOBILE",
            "ROAD",
            "ROOMNO",
            "SOIMAIN",
            "SOISUB",
            "TELEPHONE",
            "VILLAGE",
        ],
    ),
    (
        "what somebody saw or wants, in words",
        &[
            "CHIEFCOMP",
            "CLINICALRESULT",
            "DDESCRIPTION",
            "DIAGFIRST",
            "DIAGLAST",
            "INVESTRESULT",
            "LABRESULT",
            "PDESCRIPTION",
            "PHYSICALEXAM",
            "PROCEDRESULT",
            "PSTATUS",
            "REASON",
            "REQUEST",
        ],
    ),
    ("codes of villages, of which no list is named and some have letters", &["VID"]),
    ("units and packs as they are called", &["UNIT", "UNIT_PACKING"]),
    (
        "text about data, of a form that no source tells",
        &["DATA_CORRECT", "ERROR", "GROUPER_VERSION", "POLICY_DATA", "TABLENAME", "WARNING"],
    ),
];

/// Why a rubbish passes, as a line of the tables.
fn excuse(column: &WireColumn, rubbish: &str) -> Option<String> {
    let words = rubbish.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let free = FREE.iter().any(|(_, names)| names.contains(&column.name.as_str()));
    let list = column.list.as_deref().unwrap_or("");
    match column.kind {
        Type::Char if free && list.is_empty() => Some(column.name.clone()),
        Type::Int | Type::Decimal if rubbish == "-5" => {
            ANY_NUMBER.contains(&&*column.name).then(|| column.name.clone())
        }
        Type::Code if PRINTED.contains(&list) && rubbish.bytes().all(|b| b.is_ascii_graphic()) => {
            Some(list.to_owned())
        }
        Type::Char | Type::Code if LETTERS.contains(&list) && words => Some(list.to_owned()),
        _ => None,
    }
}

/// What was said of the column when it has this text, and whether the row is
/// stored with the column blank.
fn said(
    environment: &Environment,
    compiled: &CompiledLayout,
    sheet: &Sheet,
    at: usize,
    text: &str,
) -> (Vec<String>, bool) {
    let mut row = sheet.clean(1);
    text.clone_into(&mut row[at]);
    let may_send: FxHashSet<String> = [SENDER.to_owned()].into_iter().collect();
    let mut nobody = NoStore;
    let mut context = Context {
        sent_day: LATE.day.parse().unwrap(),
        on_time_days: 30,
        blanks: &environment.blanks,
        units: environment.units.codes(),
        may_send: &may_send,
        persons: PersonContext::new(&mut nobody),
        store_answers: false,
        kept: 99,
        warnings_kept: 99,
        left: 99,
    };
    let newest = compiled.versions.last().unwrap();
    let mut validator = Validator::new(compiled, Order::of_versions(compiled), &mut context);
    let mut batch = Batch::new(compiled.width);
    validator.row(&row.join("|"), 1, &mut batch);
    let findings = validator.outcome.findings.iter();
    let codes = findings
        .filter(|finding| finding.column == Some(newest[at]))
        .inspect(|finding| assert_eq!(finding.value, text.trim(), "the value as sent"))
        .map(|finding| compiled.codes[usize::from(finding.code)].code.clone())
        .collect();
    let column = compiled.columns[newest[at]].column;
    let blank = batch.rows.is_empty() || batch.row(0)[column] == Value::Null;
    (codes, blank)
}

#[test]
fn of_rubbish_in_any_column_something_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder, false);
    let (mut silent, mut needed) = (Vec::new(), BTreeSet::new());
    for standard in [Standard::F21, Standard::F43] {
        for layout in environment.catalog.layouts(standard) {
            let sheet = sheet(&environment.catalog, standard, &layout.file);
            let (record, _) = environment.record_of(standard, &layout.file).unwrap();
            let compiled = environment.compiled_layout_in(record, standard, LATE.year);
            for (at, column) in sheet.columns.iter().enumerate() {
                let name = format!("{standard} {}.{}", layout.file, column.name);
                let long = "ก".repeat(column.width + 1);
                let mut rubbish = RUBBISH.to_vec();
                if column.width > 0 {
                    rubbish.push(&long);
                }
                rubbish.extend(["a\u{1}b", "\u{7f}"]);
                for text in rubbish {
                    let (codes, _) = said(&environment, compiled, &sheet, at, text);
                    let passes = || {
                        let may = text != long && !text.contains(['\u{1}', '\u{7f}']);
                        may.then(|| excuse(column, text)).flatten()
                    };
                    if codes.is_empty() {
                        match passes() {
                            Some(line) => drop(needed.insert(line)),
                            None => silent.push(format!("{name} = {text:?}")),
                        }
                    }
                }
                for text in NOTHING {
                    let (codes, blank) = said(&environment, compiled, &sheet, at, text);
                    if !codes.iter().any(|code| code.ends_with("9513")) || !blank {
                        silent.push(format!("{name} = {text:?}: {codes:?}, blank: {blank}"));
                    }
                }
            }
        }
    }
    assert!(silent.is_empty(), "{} are silent\n{}", silent.len(), silent.join("\n"));
    let free = FREE.iter().flat_map(|(_, names)| *names);
    let lines = free.chain(&ANY_NUMBER).chain(&LETTERS).chain(&PRINTED);
    let idle: Vec<_> = lines.filter(|line| !needed.contains(**line)).collect();
    assert!(idle.is_empty(), "nothing needs these lines: {idle:?}");
}

#[test]
fn what_stands_for_nothing_is_said_to_be_that_and_judged_as_a_blank() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder, false);
    for standard in [Standard::F21, Standard::F43] {
        for layout in environment.catalog.layouts(standard) {
            let sheet = sheet(&environment.catalog, standard, &layout.file);
            let (record, _) = environment.record_of(standard, &layout.file).unwrap();
            let compiled = environment.compiled_layout_in(record, standard, LATE.year);
            for (at, column) in sheet.columns.iter().enumerate() {
                let (mut blank, _) = said(&environment, compiled, &sheet, at, "");
                let (mut told, _) = said(&environment, compiled, &sheet, at, "NULL");
                blank.push(format!("{}9513", layout.prefix));
                blank.sort();
                told.sort();
                assert_eq!(told, blank, "{standard} {}.{}", layout.file, column.name);
            }
        }
    }
}
