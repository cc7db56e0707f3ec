//! What was rejected is mended when its key is stored, in whatever file and
//! standard it comes, and open again when that is taken back.

use std::sync::Arc;

use khlang::archive::Standard;
use khlang::catalog::Severity;
use khlang::load::{LoadRequest, load};
use khlang::store::{FindingFilter, FindingScope, FindingState, Reader, Store};

use super::base::{SENDER, Sheet};
use super::environment;
use crate::support::case::zipped;
use crate::support::lab::Lab;

/// Every key as a finding has it is the one under which its row is stored: rows
/// of every file are sent twice, and the duplicates are then taken for errors.
#[test]
fn the_key_of_a_finding_is_found_in_the_store_for_every_file_of_both_standards() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder, true);
    for standard in [Standard::F21, Standard::F43] {
        let database = folder.path().join(format!("{standard}.db"));
        let mut store = Store::open(&database, &environment.catalog, 4).unwrap();
        let mut members = Vec::new();
        for record in &environment.catalog.records {
            let Some(layout) = record.layout(standard) else { continue };
            let sheet = Sheet::new(&environment.catalog, record, layout);
            let header: Vec<&str> = sheet.columns.iter().map(|c| c.name.as_str()).collect();
            let mut text = header.join("|") + "\n";
            for number in 1..=3 {
                text += &(sheet.clean(number).join("|") + "\n");
            }
            members.push((format!("{}.txt", layout.file), text));
        }
        let path = folder.path().join("archive.zip");
        std::fs::write(&path, zipped(&members)).unwrap();
        for id in [1, 2] {
            let now = "2014-01-31T12:00:00+07:00".parse().unwrap();
            let claim = LoadRequest {
                environment: Arc::clone(&environment),
                path: path.clone(),
                name: format!("{standard}_{SENDER}_2013113008000{id}.zip"),
                id: Some(id),
                received_at: now,
                seal: Arc::default(),
                now,
                progress: Arc::new(|_| ()),
            };
            load(&store, claim, &|_| None).unwrap();
        }
        let conn = rusqlite::Connection::open(&database).unwrap();
        conn.execute_batch(
            "UPDATE finding_kind SET code = replace(code, '9299', '9999') WHERE submission = 2;
             UPDATE submission SET rejected = duplicate WHERE id = 2;",
        )
        .unwrap();
        let files = "SELECT count(DISTINCT file) FROM tally WHERE duplicate > 0";
        let files = conn.query_row(files, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
        assert!(files * 10 > members.len() * 9, "{files} of {}", members.len());
        let mended = || {
            let reader = Reader::open(&database, None).unwrap();
            let mended = reader.mended(FindingScope::Submission(2), &environment.catalog).unwrap();
            mended.rows
        };
        let rows = "SELECT duplicate FROM submission WHERE id = 2";
        let rows: u64 = conn.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
        assert_eq!(mended(), rows, "{standard}");
        store.void(1, "test", "wrong month", "2014-02-01T08:00:00+07:00").unwrap();
        assert_eq!(mended(), 0, "{standard}: what was taken back is open again");
    }
}

const PERSONS: &str = "10670|1234567890121|7|1|19800101|1|20120101120000\n";
const HEAD: &str = "PCUCODE|PID|SEQ|DATE_SERV|PRICE|INSTYPE|PAY|D_UPDATE\n";

/// An archive of the 21 files with these visits.
fn of_21(visits: &[&str]) -> Vec<u8> {
    let person = format!("PCUCODE|CID|PID|SEX|BIRTH|TYPEAREA|D_UPDATE\n{PERSONS}");
    let diag = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|CLINIC\n\
                10670|7|1|20130101|1|A099|20130101070000|00100\n";
    zipped(&[
        ("PERSON.txt", person),
        ("DIAG.txt", diag.to_owned()),
        ("SERVICE.txt", format!("{HEAD}{}\n", visits.join("\n"))),
    ])
}

/// A row that failed for its date in the Buddhist era, one for something else,
/// one whose date nobody can read, and one that only has a warning; mended by
/// the other standard.
#[test]
fn what_was_sent_again_is_no_longer_to_be_mended_until_it_is_taken_back() {
    let mut lab = Lab::new();
    let said = lab.load(
        "F21_10670_20130110080000.zip",
        &of_21(&[
            "10670|7|1|25560101|100|0100|0|20130101070000",
            "10670|7|2|20130102|x|0100|0|20130101070000",
            "10670|7|3|2013010|100|0100|0|20130101070000",
            "10670|8|4|20130104|100|0100|0|20130101070000",
            "10670|7|5|20130105|100|0100|0|20130101070000",
        ]),
    );
    let rejected: Vec<_> = said.files.iter().map(|file| file.counts.rejected).collect();
    let reader = lab.reader();
    let catalog = &crate::support::lab::environment().catalog;
    let unit = FindingScope::Unit { hcode: "10670", round: 2556 };
    let errors = said.findings.iter().filter(|f| f.severity == Severity::Error).count() as u64;
    let state = |reader: &Reader, state: FindingState| {
        let mended = reader.mended(unit, catalog).unwrap();
        let filter = FindingFilter { state: Some(state), ..FindingFilter::all(unit) };
        let found = reader.found(filter, &mended, (1, 100), catalog).unwrap();
        let mut lines: Vec<u32> = found.rows.iter().map(|line| line.finding.line).collect();
        lines.dedup();
        (mended.rows, lines, found.total)
    };
    let open = state(&reader, FindingState::Open);
    assert_eq!((open.0, open.2), (0, errors), "{rejected:?} {:?}", said.findings);
    assert_eq!(state(&reader, FindingState::Mended).1, [0; 0]);
    let before = open.1;
    assert!([2, 4, 5].iter().all(|line| before.contains(line)), "{:?}", said.findings);

    let visit = "HOSPCODE|PID|SEQ|DATE_SERV|INSTYPE|TYPEIN|SERVPLACE|TYPEOUT|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE\n\
                 10670|7|1|20130101|0100|1|1|1|100|0|0|20130101070000\n\
                 10670|7|2|20130102|0100|1|1|1|100|0|0|20130101070000\n\
                 10670|7|3|20130103|0100|1|1|1|100|0|0|20130101070000\n";
    let diagnosis = "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|D_UPDATE\n\
                     10670|7|2|20130102|1|J00|00100|20130101070000\n";
    let again = zipped(&[("SERVICE.txt", visit), ("DIAGNOSIS_OPD.txt", diagnosis)]);
    let sent = lab.load("F43_10670_20130120080000.zip", &again);
    let stored = sent.files.iter().find(|file| file.file == "SERVICE").unwrap();
    let was_taken = stored.counts.duplicate;
    assert_eq!(stored.counts.accepted + was_taken, 3, "{:?}", sent.findings);
    let after = state(&reader, FindingState::Mended);
    assert!(after.1.contains(&2), "the day of B.E. is known: {after:?}");
    let left = state(&reader, FindingState::Open).1;
    assert!(!left.contains(&2) && left.contains(&4), "an unreadable key stays: {left:?}");
    assert!(left.contains(&5), "a person whom nobody has sent: {left:?}");
    let standing = state(&reader, FindingState::Standing).2 + after.2;
    let all = reader
        .found(FindingFilter::all(unit), &khlang::store::Mended::default(), (1, 100), catalog)
        .unwrap();
    assert_eq!(standing, all.total, "each finding is in one state");

    lab.store().void(2, "test", "wrong month", "2013-02-01T08:00:00+07:00").unwrap();
    let open = state(&lab.reader(), FindingState::Open);
    assert_eq!((open.0, open.1), (0, before), "taken back");
}

/// Duplicates are asked for by their own word and never among errors, but by
/// their code.
#[test]
fn duplicates_are_no_errors_to_who_asks_for_errors() {
    let mut lab = Lab::new();
    let good = "10670|7|5|20130105|100|0100|0|20130101070000";
    for (day, rows) in
        [(10, vec![good]), (11, vec![good, "10670|8|4|20130104|1|0100|0|20130101070000"])]
    {
        lab.load(&format!("F21_10670_201301{day}080000.zip"), &of_21(&rows));
    }
    let (reader, catalog) = (lab.reader(), &crate::support::lab::environment().catalog);
    let all = FindingFilter::all(FindingScope::Submission(2));
    let codes = |filter: FindingFilter| -> Vec<String> {
        let found = reader.found(filter, &khlang::store::Mended::default(), (1, 100), catalog);
        let mut codes: Vec<String> =
            found.unwrap().rows.iter().map(|line| line.finding.code.to_string()).collect();
        codes.sort();
        codes
    };
    let of = |severity| codes(FindingFilter { severity: Some(severity), ..all });
    assert_eq!(of("error"), ["SE9200"]);
    assert_eq!(of("duplicate"), ["DX9299", "PE9299", "SE9299"]);
    let both = FindingFilter { code: Some("SE9299"), severity: Some("error"), ..all };
    assert_eq!(codes(both), ["SE9299"]);
    assert_eq!(codes(FindingFilter { file: Some("DIAG"), ..all }), ["DX9299"]);
}
