//! What tells a header, and what is told of a wrong one.

use std::io::Read;

use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::row::{CompiledLayout, is_header};
use khlang::sample::{SampleArgs, default_start, generate};

use super::{F43, PERSON, counts, load_one, notes, person, told};

/// The same rows with the columns the other way round.
fn backwards(line: &str) -> String {
    line.split('|').rev().collect::<Vec<_>>().join("|")
}

fn quoted(line: &str) -> String {
    line.split('|').map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join("|")
}

#[test]
fn columns_come_in_any_order_and_header_names_may_be_quoted() {
    for (header, row) in [
        (backwards(PERSON), backwards(&person(1))),
        (backwards(&PERSON.to_lowercase()), backwards(&person(1))),
        (quoted(PERSON), person(1)),
        (quoted(&backwards(PERSON)), backwards(&person(1))),
        (PERSON.replace('|', " | "), person(1)),
    ] {
        let said = load_one(F43, "PERSON.txt", format!("{header}\r\n{row}\r\n"));
        assert_eq!(counts(&said), [("PERSON", 1, 1)], "{header} {:?}", said.findings);
        assert!(said.problems.is_empty() && notes(&said).is_empty());
    }
}

#[test]
fn quoted_values_are_what_they_are_and_the_sender_is_told_why() {
    for header in [quoted(PERSON), PERSON.to_owned()] {
        let text = format!("{header}\r\n{}\r\n", quoted(&person(1)));
        let said = load_one(F43, "PERSON.txt", text);
        assert_eq!(counts(&said), [("PERSON", 1, 0)]);
        assert_eq!(notes(&said), [("N15", "PERSON.txt", 2, "")]);
        let unit = said.findings.iter().find(|f| f.field.as_deref() == Some("HOSPCODE")).unwrap();
        assert_eq!(unit.value, "\"10670\"");
    }
}

#[test]
fn a_first_column_that_nobody_knows_is_an_unknown_column() {
    let wrong = PERSON.replace("HOSPCODE", "HOSCODE");
    let said = load_one(F43, "PERSON.txt", format!("{wrong}\r\n{}\r\n", person(1)));
    assert_eq!(told(&said.problems), [("M02", "PERSON.txt", 1, "HOSCODE")]);
    assert_eq!(said.problems[0].nearest.as_deref(), Some("HOSPCODE"));
    assert!(said.files.is_empty());
}

#[test]
fn all_unknown_and_all_missing_columns_are_told() {
    let unknown = PERSON.replace("|NAME|", "|FNAME|").replace("MSTATUS", "MSTSATUS");
    let said = load_one(F43, "PERSON.txt", format!("{unknown}\r\n{}\r\n", person(1)));
    assert_eq!(told(&said.problems), [("M02", "PERSON.txt", 1, "FNAME, MSTSATUS")]);
    assert_eq!(said.problems[0].nearest.as_deref(), Some("NAME, MSTATUS"));
    let missing = "HOSPCODE|CID|PID|PRENAME|NAME|LNAME|D_UPDATE";
    let said = load_one(F43, "PERSON.txt", format!("{missing}\r\n10670|||||\r\n"));
    assert_eq!(told(&said.problems), [("M03", "PERSON.txt", 1, "SEX, BIRTH, NATION, TYPEAREA")]);
}

#[test]
fn no_row_of_a_sample_is_taken_for_a_header() {
    let catalog = Catalog::builtin().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for standard in [Standard::F21, Standard::F43] {
        let dir = tempfile::tempdir().unwrap();
        let args = SampleArgs {
            dir: dir.path().to_owned(),
            units: 4,
            persons: 300,
            months: 2,
            seed: 7,
            standard: Some(standard),
            defects: 0.1,
            start: default_start(),
        };
        generate(&args, &catalog).unwrap();
        let entries = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.filter(|path| path.extension().is_some_and(|e| e == "zip")) {
            // Some are broken on purpose.
            let Ok(mut zip) = zip::ZipArchive::new(std::fs::File::open(path).unwrap()) else {
                continue;
            };
            for index in 0..zip.len() {
                let mut bytes = Vec::new();
                let Ok(mut member) = zip.by_index(index) else { continue };
                let name = member.name().unwrap().rsplit('/').next().unwrap().to_uppercase();
                if member.read_to_end(&mut bytes).is_err() {
                    continue;
                }
                let Some(file) = name.strip_suffix(".TXT") else { continue };
                let Some((record, layout)) = catalog.file(standard, file) else { continue };
                let plan = CompiledLayout::new(&catalog, record, layout, i32::MAX).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                for line in
                    text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
                {
                    assert!(!is_header(line, &plan, layout), "{file}: {line}");
                    seen.insert(file.to_owned());
                }
            }
        }
    }
    assert!(seen.len() > 15, "{seen:?}");
}
