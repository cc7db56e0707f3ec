//! What must hold whatever is sent: bytes of any kind, rows of any kind, in
//! any order.

use khlang::submission::{Status, Submission};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::case::zipped;
use crate::support::lab::{Lab, total};

const NAME: &str = "F21_10670_20140131080000.zip";

const PERSON: &str = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE";
const SERVICE: &str = "PCUCODE|PID|SEQ|DATE_SERV|PRICE|INSTYPE|PAY|D_UPDATE";
const DIAG: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|CLINIC";
const EPI: &str = "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE";

/// Rows of an archive, drawn so that many are right, some wrong, and some
/// share a key.
#[derive(Debug, Clone)]
struct Rows {
    person: Vec<String>,
    service: Vec<String>,
    diag: Vec<String>,
    epi: Vec<String>,
}

impl Rows {
    fn zip(&self) -> Vec<u8> {
        let text = |header: &str, rows: &[String]| format!("{header}\n{}", rows.concat());
        zipped(&[
            ("PERSON.txt", text(PERSON, &self.person)),
            ("SERVICE.txt", text(SERVICE, &self.service)),
            ("DIAG.txt", text(DIAG, &self.diag)),
            ("EPI.txt", text(EPI, &self.epi)),
        ])
    }
}

fn day() -> impl Strategy<Value = &'static str> {
    select(vec!["20140115", "20140116", "20131201", "20140201", "25570115", "20140230", ""])
}

fn pid() -> impl Strategy<Value = &'static str> {
    select(vec!["1", "2", "3", "007", "7", "ก", "", "99"])
}

fn unit() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => Just("10670"), 2 => Just("04001"), 1 => Just("04009"), 1 => Just("1067")]
}

fn lines(row: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(row, 0..most)
}

fn rows() -> impl Strategy<Value = Rows> {
    let person = (
        unit(),
        pid(),
        select(vec!["1", "2", "3"]),
        select(vec!["1234567890121", "12", "1234567890122"]),
    )
        .prop_map(|(unit, pid, sex, cid)| {
            format!("{unit}|{cid}|{pid}|สมชาย|{sex}|19800101|1|20130115120000\n")
        });
    let service =
        (unit(), pid(), select(vec!["1", "2", "0001"]), day()).prop_map(|(unit, pid, seq, day)| {
            format!("{unit}|{pid}|{seq}|{day}|100|0100|0|20140116120000\n")
        });
    let diag =
        (unit(), pid(), select(vec!["1", "2", "0001"]), day(), select(vec!["A099", "B019", ""]))
            .prop_map(|(unit, pid, seq, day, code)| {
                format!("{unit}|{pid}|{seq}|{day}|1|{code}|20140116120000|00100\n")
            });
    let epi = (unit(), pid(), day(), select(vec!["010", "041", "ZZZ"])).prop_map(
        |(unit, pid, day, code)| format!("{unit}|{pid}|1|{day}|{code}|10670|20140116120000\n"),
    );
    (lines(person, 12), lines(service, 12), lines(diag, 12), lines(epi, 20))
        .prop_map(|(person, service, diag, epi)| Rows { person, service, diag, epi })
}

/// The sum that always holds, and that nothing contradicts itself.
fn sound(lab: &Lab, submission: &Submission) {
    for file in &submission.files {
        let c = &file.counts;
        assert_eq!(c.received, c.accepted + c.duplicate + c.rejected, "{}", file.file);
        assert!(c.warned <= c.accepted && c.on_time <= c.accepted, "{}", file.file);
    }
    if submission.status == Status::Broken {
        assert!(submission.files.is_empty() && submission.findings.is_empty());
        assert!(!submission.problems.is_empty());
    }
    let partial = submission.status == Status::Partial;
    assert!(!partial || submission.problems.iter().all(|p| p.code.starts_with('M')));
    assert_eq!(lab.contradictions(), Vec::<String>::new());
}

/// Counts of a submission in one line, for comparing.
fn counts(submission: &Submission) -> String {
    let mut files: Vec<String> =
        submission.files.iter().map(|f| format!("{} {:?}", f.file, f.counts)).collect();
    files.sort();
    format!("{:?} {files:?} {:?}", submission.status, submission.findings_total)
}

/// Bytes that look like a member: fields, line ends, odd characters.
fn member() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(vec!["|", "\n", "\r\n", "10670", "1", "20140115", " ", "\"", "test", "ก", "\t"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
        1 => select(vec![PERSON, SERVICE, DIAG, EPI, "HOSPCODE|PID", "\u{feff}PCUCODE|"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec!["PERSON.txt", "epi.TXT", "SERVICE.txt", "DIAG.txt", "a/b/CHRONIC.txt"])
            .prop_map(str::to_owned),
        1 => "[a-zA-Z_./ ก-ฮ]{1,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_get_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let mut lab = Lab::new();
        let submission = lab.load(NAME, &bytes);
        prop_assert_eq!(submission.status, Status::Broken);
        sound(&lab, &submission);
    }

    #[test]
    fn a_damaged_archive_gets_a_verdict(
        rows in rows(),
        hits in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = rows.zip();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut lab = Lab::new();
        let submission = lab.load(NAME, &bytes);
        sound(&lab, &submission);
    }

    #[test]
    fn any_member_gets_a_verdict(
        members in proptest::collection::vec((name(), member()), 1..5),
        standard in select(vec!["F21", "F43"]),
    ) {
        let mut members = members;
        members.sort();
        members.dedup_by(|a, b| a.0 == b.0);
        let mut lab = Lab::new();
        let submission = lab.load(&format!("{standard}_10670_20140131080000.zip"), &zipped(&members));
        sound(&lab, &submission);
    }

    #[test]
    fn any_name_gets_a_verdict(name in "(F21|F43|f4|)_?[0-9A-Z]{0,6}_?[0-9]{0,16}(\\.zip|.ZIP|)") {
        let mut lab = Lab::new();
        let person = format!("{PERSON}\n10670|1234567890121|1|ก|1|19800101|1|20130115120000\n");
        let submission = lab.load(&name, &zipped(&[("PERSON.txt", person)]));
        sound(&lab, &submission);
    }

    #[test]
    fn loading_twice_changes_no_stored_row(rows in rows()) {
        let mut lab = Lab::new();
        let first = lab.load(NAME, &rows.zip());
        sound(&lab, &first);
        let stored = lab.rows();
        let second = lab.load("F21_10670_20140131080001.zip", &rows.zip());
        sound(&lab, &second);
        prop_assert_eq!(lab.rows(), stored);
        let (first, second) = (total(&first), total(&second));
        prop_assert_eq!(second.accepted, 0);
        prop_assert_eq!(second.received, first.received);
        // A row with an error is rejected again, and never a duplicate. A row
        // that only an unknown person kept out may now find that person.
        prop_assert_eq!(second.duplicate + second.rejected, second.received);
        prop_assert_eq!(second.rejected, first.rejected);
    }

    #[test]
    fn the_order_of_units_changes_no_total(one in rows(), two in rows(), three in rows()) {
        let of = |unit: &str, rows: &Rows| {
            let change = |lines: &Vec<String>| -> Vec<String> {
                lines.iter().map(|l| l.replace("10670|", &format!("{unit}|"))).collect()
            };
            Rows {
                person: change(&rows.person),
                service: change(&rows.service),
                diag: change(&rows.diag),
                epi: change(&rows.epi),
            }
            .zip()
        };
        // Rows for the shared sub-unit are left to the other tests: there two
        // senders may send for one unit, and the first one wins.
        let mine = |rows: &Rows| {
            let keep = |lines: &Vec<String>| -> Vec<String> {
                lines.iter().filter(|line| line.starts_with("10670|")).cloned().collect()
            };
            Rows {
                person: keep(&rows.person),
                service: keep(&rows.service),
                diag: keep(&rows.diag),
                epi: keep(&rows.epi),
            }
        };
        let archives: Vec<(String, Vec<u8>)> = [("10670", one), ("10671", two), ("04009", three)]
            .into_iter()
            .map(|(unit, rows)| (format!("F21_{unit}_20140131080000.zip"), of(unit, &mine(&rows))))
            .collect();
        let run = |order: [usize; 3]| {
            let mut lab = Lab::new();
            let mut said: Vec<String> = order
                .iter()
                .map(|&at| {
                    let submission = lab.load(&archives[at].0, &archives[at].1);
                    format!("{at} {}", counts(&submission))
                })
                .collect();
            said.sort();
            assert_eq!(lab.contradictions(), Vec::<String>::new());
            said
        };
        let first = run([0, 1, 2]);
        prop_assert_eq!(&run([2, 0, 1]), &first);
        prop_assert_eq!(&run([1, 2, 0]), &first);
    }

    #[test]
    fn the_order_of_distinct_rows_changes_no_count(rows in rows(), seed in any::<u64>()) {
        let distinct = |lines: &[String], key: &[usize]| {
            let mut seen = std::collections::BTreeSet::new();
            let new = |line: &&String| {
                let fields: Vec<&str> = line.split('|').collect();
                seen.insert(key.iter().map(|&at| fields[at]).collect::<Vec<_>>().join("|"))
            };
            lines.iter().filter(new).cloned().collect::<Vec<_>>()
        };
        let turn = |lines: &[String]| {
            let mut lines = lines.to_vec();
            let mut state = seed | 1;
            for at in (1..lines.len()).rev() {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                lines.swap(at, (state % (at as u64 + 1)) as usize);
            }
            lines
        };
        let tidy = Rows {
            person: distinct(&rows.person, &[0, 2]),
            service: distinct(&rows.service, &[0, 1, 2, 3]),
            diag: distinct(&rows.diag, &[0, 1, 2, 3, 5]),
            epi: distinct(&rows.epi, &[0, 1, 3, 4]),
        };
        let turned = Rows {
            person: turn(&tidy.person),
            service: turn(&tidy.service),
            diag: turn(&tidy.diag),
            epi: turn(&tidy.epi),
        };
        let (mut one, mut two) = (Lab::new(), Lab::new());
        let (a, b) = (one.load(NAME, &tidy.zip()), two.load(NAME, &turned.zip()));
        sound(&two, &b);
        prop_assert_eq!(counts(&a), counts(&b));
    }

    #[test]
    fn line_ends_and_encodings_change_no_count(rows in rows()) {
        let plain = rows.zip();
        let members = |change: &dyn Fn(String) -> Vec<u8>| {
            let text = |header: &str, rows: &[String]| change(format!("{header}\n{}", rows.concat()));
            zipped(&[
                ("PERSON.txt", text(PERSON, &rows.person)),
                ("SERVICE.txt", text(SERVICE, &rows.service)),
                ("DIAG.txt", text(DIAG, &rows.diag)),
                ("EPI.txt", text(EPI, &rows.epi)),
            ])
        };
        let variants = [
            members(&|text| text.replace('\n', "\r\n").into_bytes()),
            members(&|text| encoding_rs::WINDOWS_874.encode(&text).0.into_owned()),
            members(&|text| format!("\u{feff}{text}").into_bytes()),
            members(&|text| text.trim_end().as_bytes().to_vec()),
            members(&|text| text.replace('\n', "|\r\n").into_bytes()),
            members(&|text| text.replace('\n', "\n\n").into_bytes()),
        ];
        let mut lab = Lab::new();
        let wanted = counts(&lab.load(NAME, &plain));
        for variant in variants {
            let mut lab = Lab::new();
            let submission = lab.load(NAME, &variant);
            sound(&lab, &submission);
            prop_assert_eq!(counts(&submission), wanted.clone());
        }
    }
}

/// The strategies above must reach every outcome, or they would prove nothing.
#[test]
fn drawn_rows_reach_every_outcome() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut sum = khlang::submission::Counts::default();
    let mut lab = Lab::new();
    for _ in 0..20 {
        let rows = rows().new_tree(&mut runner).unwrap().current();
        sum.add(&total(&lab.load(NAME, &rows.zip())));
    }
    assert!(sum.accepted > 20 && sum.duplicate > 20 && sum.rejected > 20, "{sum:?}");
    assert!(sum.warned > 0 && sum.on_time > 0, "{sum:?}");
}
