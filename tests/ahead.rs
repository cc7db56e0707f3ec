//! An archive is validated while the one before it is still written. Whatever
//! that one says of persons, and whatever becomes of it, the outcome is that
//! of one after the other.

use std::time::Duration;

use khlang::load::{LoadRequest, PendingLoad, Predecessor, load};
use khlang::store::Store;
use khlang::submission::Submission;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::case::zipped;
use crate::support::lab::{Lab, environment};

/// An archive: when it was sent, and its rows of PERSON, DEATH and EPI.
type Drawn = (&'static str, Vec<String>, Vec<String>, Vec<String>);

fn pid() -> impl Strategy<Value = &'static str> {
    select(vec!["1", "2", "007", "ก"])
}

fn unit() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("10670"), 1 => Just("04001"), 1 => Just("04009")]
}

/// Few persons and few days, so that archives say different things of one.
fn drawn() -> impl Strategy<Value = Drawn> {
    let person = (unit(), pid(), select(vec!["1", "2"]), select(vec!["19800101", "20131215", ""]))
        .prop_map(|(unit, pid, sex, birth)| {
            format!("{unit}|1234567890121|{pid}|ก|{sex}|{birth}|1|20130115120000\n")
        });
    let death = (unit(), pid(), select(vec!["20131201", "20131220", "20130230", ""])).prop_map(
        |(unit, pid, day)| format!("{unit}||{pid}|{day}|A099|||||A099|1|20140116120000\n"),
    );
    let epi = (unit(), pid(), select(vec!["20131210", "20131220", "20140110"]))
        .prop_map(|(unit, pid, day)| format!("{unit}|{pid}|1|{day}|010|10670|20140116120000\n"));
    // Of two rounds, so that a register of one stands beside that of another.
    let sent = select(vec!["20130930080000", "20140115080000", "20140116080000"]);
    let lines = |most| 0..most;
    (
        sent,
        proptest::collection::vec(person, lines(5)),
        proptest::collection::vec(death, lines(3)),
        proptest::collection::vec(epi, lines(8)),
    )
}

fn archive((sent, person, death, epi): &Drawn) -> (String, Vec<u8>) {
    let text = |header: &str, rows: &[String]| format!("{header}\n{}", rows.concat());
    let death_columns = "PCUCODE|CID|PID|DDEATH|CDEATH_A|CDEATH_B|CDEATH_C|CDEATH_D|ODISEASE|CDEATH|PDEATH|D_UPDATE";
    let members = [
        ("PERSON.txt", text("PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE", person)),
        ("DEATH.txt", text(death_columns, death)),
        ("EPI.txt", text("PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE", epi)),
    ];
    (format!("F21_10670_{sent}.zip"), zipped(&members))
}

/// Writes claims in their order, each validated while the one before is written.
fn load_ahead(lab: &mut Lab, claims: Vec<LoadRequest>) -> Vec<Submission> {
    let mut left = claims.into_iter();
    let mut next = left.next().map(|claim| PendingLoad::begin(lab.store(), claim, None).unwrap());
    let mut out = Vec::new();
    while let Some(ahead) = next.take() {
        let store = &*lab.store();
        let mut between = |before: &mut Option<Predecessor>| {
            if next.is_none() {
                let claim = left.next();
                next = claim.map(|claim| PendingLoad::begin(store, claim, before.take()).unwrap());
            }
            // The next one is validated before this one is stored.
            std::thread::sleep(Duration::from_millis(1));
        };
        out.push(ahead.write(store, &|_| None, &mut between).unwrap());
        next = next
            .or_else(|| left.next().map(|claim| PendingLoad::begin(store, claim, None).unwrap()));
    }
    out
}

fn claims(lab: &mut Lab, archives: &[(String, Vec<u8>)]) -> Vec<LoadRequest> {
    archives.iter().map(|(name, bytes)| lab.claim(name, bytes)).collect()
}

/// PERSON of one, and EPI of the same person.
fn person_then_epi() -> [(String, Vec<u8>); 2] {
    let person = "10670|1234567890121|1|ก|1|19800101|1|20130115120000\n".to_owned();
    let epi = "10670|1|1|20140110|010|10670|20140116120000\n".to_owned();
    [
        archive(&("20140115080000", vec![person], vec![], vec![])),
        archive(&("20140116080000", vec![], vec![], vec![epi])),
    ]
}

fn accepted(submission: &Submission) -> u64 {
    submission.files.iter().map(|file| file.counts.accepted).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn validated_ahead_is_as_one_after_the_other(drawn in proptest::collection::vec(drawn(), 2..5)) {
        let archives: Vec<_> = drawn.iter().map(archive).collect();
        let (mut ahead, mut after) = (Lab::new(), Lab::new());
        let claims = claims(&mut ahead, &archives);
        let one = load_ahead(&mut ahead, claims);
        let other: Vec<_> = archives.iter().map(|(name, zip)| after.load(name, zip)).collect();
        for (one, other) in one.iter().zip(&other) {
            let text = |s: &Submission| serde_json::to_string_pretty(s).unwrap();
            prop_assert_eq!(text(one), text(other));
        }
        prop_assert_eq!(ahead.rows(), after.rows());
        prop_assert_eq!(ahead.contradictions(), Vec::<String>::new());
    }
}

#[test]
fn who_was_judged_on_the_word_of_an_archive_that_failed_is_judged_again() {
    let mut lab = Lab::new();
    let [first, second] = person_then_epi();
    let taken = lab.load("F21_10671_20140115080000.zip", b"").id;
    let mut first = lab.claim(&first.0, &first.1);
    // A number that another has: it cannot be stored.
    first.id = taken;
    let second = lab.claim(&second.0, &second.1);
    let store = &*lab.store();
    let mut next = None;
    let mut between = |before: &mut Option<Predecessor>| {
        if let Some(before) = before.take() {
            next = Some(PendingLoad::begin(store, second.clone(), Some(before)).unwrap());
        }
    };
    let ahead = PendingLoad::begin(store, first, None).unwrap();
    ahead.write(store, &|_| None, &mut between).unwrap_err();
    let submission = next.unwrap().write(store, &|_| None, &mut |_| ()).unwrap();
    assert_eq!(accepted(&submission), 0, "{:?}", submission.findings);
}

#[test]
fn what_another_process_stored_meanwhile_counts() {
    let mut lab = Lab::new();
    let [person, epi] = person_then_epi();
    let other =
        Store::open(&lab.database(), &khlang::catalog::Catalog::builtin().unwrap(), 4).unwrap();
    let claim = lab.claim(&epi.0, &epi.1);
    let ahead = PendingLoad::begin(lab.store(), claim, None).unwrap();
    // Validated to its end, as there is room for all it hands over.
    std::thread::sleep(Duration::from_millis(200));
    let person = lab.claim(&person.0, &person.1);
    load(&other, person, &|_| None).unwrap();
    let submission = ahead.write(lab.store(), &|_| None, &mut |_| ()).unwrap();
    assert_eq!(accepted(&submission), 1, "{:?}", submission.findings);
}

/// Somebody writes to an archive between its validation and its commit: nothing
/// of it is stored, and validated again it counts once.
#[test]
fn an_archive_that_changes_while_it_is_loaded_is_not_stored() {
    let mut lab = Lab::new();
    let person = "10670|1234567890121|1|ก|1|19800101|1|20130115120000\n".to_owned();
    let (name, bytes) = archive(&("20140115080000", vec![person], Vec::new(), Vec::new()));
    for broken in [false, true] {
        let bytes = if broken { b"no zip".to_vec() } else { bytes.clone() };
        let claim = lab.claim(&name, &bytes);
        let path = claim.path.clone();
        let change = |_| {
            let file = std::fs::OpenOptions::new().append(true).open(&path);
            std::io::Write::write_all(&mut file.unwrap(), b"more").unwrap();
            None
        };
        let before = lab.reader().last_submission().unwrap();
        let error = load(lab.store(), claim.clone(), &change).unwrap_err();
        assert!(error.to_string().contains("changed while it was loaded"), "{error}");
        assert_eq!(lab.reader().last_submission().unwrap(), before);
        std::fs::write(&claim.path, &bytes).unwrap();
        let again = load(lab.store(), claim, &|_| None).unwrap();
        let accepted: u64 = again.files.iter().map(|file| file.counts.accepted).sum();
        assert_eq!(accepted, u64::from(!broken));
    }
    assert!(lab.contradictions().is_empty());
}

/// What may be wrong with an archive, besides its rows.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Nothing,
    /// PERSON turns out to be no text after its rows: members are taken back.
    NoText,
    /// The last member is no UTF-8, and is read again.
    Thai,
    /// No archive at all.
    NoZip,
}

fn harmed((sent, person, death, epi): &Drawn, harm: Harm) -> (String, Vec<u8>) {
    let (name, whole) = archive(&(*sent, person.clone(), death.clone(), epi.clone()));
    let text = |header: &str, rows: &[String], more: &[u8]| {
        [header.as_bytes(), b"\n", rows.concat().as_bytes(), more].concat()
    };
    let (of_person, of_epi): (&[u8], &[u8]) = match harm {
        Harm::Nothing => return (name, whole),
        Harm::NoZip => return (name, b"no zip".to_vec()),
        Harm::NoText => (b"10670|1|8|\xe0\xb8\x81|1|19800101|1|2013\xff\n", b""),
        Harm::Thai => (b"", b"10670|\xa1|1|20131210|010|10670|20140116120000\n"),
    };
    let person = text("PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE", person, of_person);
    let epi = text("PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE", epi, of_epi);
    (name, zipped(&[("PERSON.txt", person), ("EPI.txt", epi)]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// An archive that is only checked needs no store to tell which of its
    /// rows repeat a key.
    #[test]
    fn checked_without_a_store_is_as_with_one(
        drawn in drawn(),
        harm in select(vec![Harm::Nothing, Harm::Nothing, Harm::NoText, Harm::Thai, Harm::NoZip]),
    ) {
        let mut lab = Lab::new();
        let (name, bytes) = harmed(&drawn, harm);
        let claim = LoadRequest { id: None, ..lab.claim(&name, &bytes) };
        let store = Store::temporary(&environment().catalog, 4).unwrap();
        let stored = load(&store, claim.clone(), &|_| None).unwrap();
        let alone = PendingLoad::alone(claim).unwrap().check().unwrap().unwrap();
        prop_assert_eq!(alone, stored);
    }
}

#[test]
fn rows_that_are_sent_twice_are_duplicates_without_a_store_too() {
    let mut lab = Lab::new();
    let person = "10670|1234567890121|1|ก|1|19800101|1|20130115120000\n".to_owned();
    let epi = |day: &str, kind: &str| format!("10670|1|1|{day}|{kind}|10670|20140116120000\n");
    let rows = vec![
        epi("20131210", "010"),
        epi("20131210", "010"),
        epi("20131210", "021"),
        epi("20131220", "010"),
        epi("20131210", "010"),
    ];
    let (name, bytes) = archive(&("20140116080000", vec![person.clone(), person], vec![], rows));
    let claim = LoadRequest { id: None, ..lab.claim(&name, &bytes) };
    let submission = PendingLoad::alone(claim).unwrap().check().unwrap().unwrap();
    let counts: Vec<(u64, u64)> =
        submission.files.iter().map(|file| (file.counts.accepted, file.counts.duplicate)).collect();
    assert_eq!(counts.iter().map(|c| c.0 + c.1).sum::<u64>(), 7, "{:?}", submission.findings);
    assert_eq!(counts.iter().map(|c| c.1).sum::<u64>(), 3, "{counts:?}");
}
