//! The commands that are not about validating: configuration, catalogue,
//! submissions, the self-check.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::case::{Khlang, zipped};

const NAME: &str = "F21_10670_20140131080000.zip";

fn person(number: u32) -> String {
    format!(
        "PCUCODE|CID|PID|SEX|BIRTH|TYPEAREA|D_UPDATE\n\
         10670|1234567890121|{number}|1|19800101|1|20130115120000\n"
    )
}

fn archive(number: u32) -> Vec<u8> {
    zipped(&[("PERSON.txt", person(number))])
}

/// A data folder with one accepted and one broken submission.
fn two_submissions() -> Khlang {
    let khlang = Khlang::new();
    assert_eq!(khlang.import(NAME, &archive(1))["status"], "accepted");
    let broken = khlang.import("F21_10671_20140131080000.zip", b"no zip");
    assert_eq!(broken["status"], "broken");
    khlang
}

#[test]
fn config_names_an_unknown_key() {
    let khlang = Khlang::new();
    let file = khlang.write("own.toml", "[inbox]\nsettel = \"3s\"\n");
    let ran = khlang.run(&["--config", file.to_str().unwrap(), "config", "check"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("inbox.settel"), "{}", ran.err());
    assert!(ran.err().contains("own.toml"), "{}", ran.err());
    assert!(ran.out().is_empty(), "{}", ran.out());

    let khlang = Khlang::new().env("KHLANG__LIMITS__FINDING", "3");
    let ran = khlang.run(&["config", "check"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("limits.finding"), "{}", ran.err());
}

#[test]
fn config_goes_from_defaults_to_file_to_environment() {
    let shown = |khlang: &Khlang, arguments: &[&str]| -> toml::Table {
        let ran = khlang.run(arguments);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        ran.out().parse().unwrap()
    };
    let khlang = Khlang::new();
    let defaults = shown(&khlang, &["config", "show"]);
    assert_eq!(defaults["timeliness"]["days"].as_integer(), Some(30));
    assert_eq!(defaults["limits"]["findings"].as_integer(), Some(1000));
    assert_eq!(defaults["http"]["listen"].as_str(), Some("127.0.0.1:8043"));

    // The default file is taken when it is there.
    khlang.write("config/khlang.toml", "[timeliness]\ndays = 20\n[limits]\nfindings = 5\n");
    let file = shown(&khlang, &["config", "show"]);
    assert_eq!(file["timeliness"]["days"].as_integer(), Some(20));

    let khlang = khlang.env("KHLANG__TIMELINESS__DAYS", "10");
    let environment = shown(&khlang, &["config", "show"]);
    assert_eq!(environment["timeliness"]["days"].as_integer(), Some(10));
    assert_eq!(environment["limits"]["findings"].as_integer(), Some(5));

    let secret = khlang.write("secret", "127.0.0.1:9999\n");
    let khlang = khlang.env("KHLANG__HTTP__LISTEN__FILE", secret.to_str().unwrap());
    let from_file = shown(&khlang, &["config", "show"]);
    assert_eq!(from_file["http"]["listen"].as_str(), Some("127.0.0.1:9999"));
}

#[test]
fn a_configuration_that_cannot_be_looked_at_is_not_taken_for_none() {
    // A link to itself fails as a closed folder or a bad disk does, for root, too.
    let khlang = Khlang::new();
    let config = khlang.path("config");
    std::fs::create_dir_all(&config).unwrap();
    let file = config.join("khlang.toml");
    std::fs::write(&file, "").unwrap();
    assert_eq!(khlang.run(&["config", "check"]).status(), 0);
    std::fs::remove_dir_all(&config).unwrap();
    std::os::unix::fs::symlink("config", &config).unwrap();
    let ran = khlang.run(&["config", "check"]);
    assert!(ran.status() == 1 && ran.err().contains("khlang.toml"), "{}", ran.err());
}

#[test]
fn config_check_finds_mistakes_in_lists() {
    let khlang = Khlang::new();
    assert_eq!(khlang.run(&["config", "check"]).status(), 0);

    khlang.write("data/config/codes/icd10tm.csv", "kode\nA099\n");
    let ran = khlang.run(&["config", "check"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("icd10tm.csv:1"), "{}", ran.err());

    let khlang = Khlang::new();
    khlang
        .write("data/units.csv", "hcode,name,type,level,cup,network,district,province\n1,,,,,,,\n");
    let ran = khlang.run(&["config", "check"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains("units.csv:2"), "{}", ran.err());
}

#[test]
fn the_units_of_the_configuration_serve_when_the_data_folder_has_none() {
    let khlang = Khlang::new().env("KHLANG__UNITS", "own/units.csv");
    let text = std::fs::read_to_string(khlang.path("data/units.csv")).unwrap();
    std::fs::remove_file(khlang.path("data/units.csv")).unwrap();
    assert_eq!(khlang.run(&["config", "check"]).status(), 1);
    khlang.write("own/units.csv", text);
    assert_eq!(khlang.run(&["config", "check"]).status(), 0);
    assert_eq!(khlang.import(NAME, &archive(1))["status"], "accepted");
}

#[test]
fn the_catalogue_has_every_code_in_both_languages() {
    let khlang = Khlang::new();
    let ran = khlang.run(&["catalog", "--format", "json"]);
    assert_eq!(ran.status(), 0);
    let catalog = ran.json();
    let known: BTreeSet<(String, String)> = catalog
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            for key in ["th", "en", "severity", "origin"] {
                assert!(!line[key].as_str().unwrap().is_empty(), "{line}");
            }
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("standard"), text("code"))
        })
        .collect();
    let rules = khlang::audit::RuleLibrary::load(None).unwrap().rules;
    for rule in rules.values() {
        let lines = catalog.as_array().unwrap();
        let line = lines.iter().find(|line| line["code"] == rule.id.as_str()).unwrap();
        assert_eq!(line["severity"], if rule.hold.is_some() { "hold" } else { "warn" });
        for key in ["source", "mend_th", "mend_en"] {
            assert!(!line[key].as_str().unwrap().is_empty(), "{line}");
        }
    }
    let kpis = khlang::kpi::Library::load(None).unwrap().kpis;
    for kpi in kpis.values() {
        let lines = catalog.as_array().unwrap();
        let line = lines.iter().find(|line| line["code"] == kpi.id.as_str()).unwrap();
        assert_eq!((&line["severity"], &line["origin"]), (&"note".into(), &"kpi".into()));
        assert_eq!(line["source"], kpi.source.as_str());
        for key in ["mend_th", "mend_en"] {
            assert!(!line[key].as_str().unwrap().is_empty(), "{line}");
        }
    }
    let shown = crate::rows::expected_codes();
    let lacking: Vec<_> = shown.difference(&known).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
    let of_archives = (1..=7).map(|n| format!("A0{n}")).chain((1..=8).map(|n| format!("M0{n}")));
    let md = khlang.run(&["catalog", "--format", "md", "--lang", "en"]).out();
    for code in of_archives
        .chain(rules.into_keys())
        .chain(kpis.into_keys())
        .chain(shown.into_iter().map(|(_, code)| code))
    {
        assert!(md.contains(&format!("| {code} |")), "{code}");
    }
    let thai = khlang.run(&["catalog"]).out();
    assert!(thai.contains("รหัส") && thai.contains("| A01 |"));
}

#[test]
fn submissions_are_listed_newest_first_and_shown() {
    let khlang = two_submissions();
    let list = khlang.run(&["submissions", "list", "--json"]).json();
    let rows = list["rows"].as_array().unwrap();
    let ids: Vec<i64> = rows.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [2, 1]);
    assert_eq!(list["total"], 2);
    let of = |arguments: &[&str]| {
        let arguments = [&["submissions", "list", "--json"], arguments].concat();
        khlang.run(&arguments).json()["total"].clone()
    };
    assert_eq!(of(&["--status", "broken"]), 1);
    assert_eq!(of(&["--hcode", "10670"]), 1);
    assert_eq!(of(&["--from", "2014-02-01"]), 0);
    assert_eq!(of(&["--from", "2014-01-31", "--to", "2014-01-31"]), 2);

    let shown = khlang.run(&["submissions", "show", "1", "--json"]).json();
    assert_eq!(shown["archive"], NAME);
    assert_eq!(shown["files"][0]["accepted"], 1);
    assert_eq!(shown["received_at"], "2014-01-31T12:00:00+07:00");
    let ran = khlang.run(&["submissions", "show", "3"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.err().contains('3') && ran.out().is_empty());
}

#[test]
fn what_is_shown_later_is_what_was_said_at_once() {
    let khlang = Khlang::new();
    let text = format!("{}10670|12|1|3|2523|1|20130115120000\n", person(1));
    let zip = zipped(&[("PERSON.txt", text), ("FOO.txt", "x".to_owned())]);
    let said = khlang.import(NAME, &zip);
    let shown = khlang.run(&["submissions", "show", "1", "--json"]).json();
    assert_eq!(shown, said);
    let receipt = khlang.path(&format!("data/outbox/10670/{NAME}.receipt.json"));
    let receipt: Value = serde_json::from_slice(&std::fs::read(receipt).unwrap()).unwrap();
    assert_eq!(receipt, said);
    assert!(khlang.path(&format!("data/outbox/10670/{NAME}.receipt.txt")).exists());
    let csv =
        std::fs::read(khlang.path(&format!("data/outbox/10670/{NAME}.findings.csv"))).unwrap();
    assert!(csv.starts_with(b"\xef\xbb\xbf"));
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("PE1102") && csv.contains("M07"), "{csv}");
}

#[test]
fn a_void_is_on_record_with_its_reason() {
    let khlang = two_submissions();
    let ran = khlang.run(&["submissions", "void", "1"]);
    assert_ne!(ran.status(), 0, "a reason is needed");
    let ran = khlang.run(&["submissions", "void", "1", "--reason", "  "]);
    assert_eq!(ran.status(), 1, "a blank one is none");
    let ran = khlang.run(&["submissions", "void", "2", "--reason", "x"]);
    assert_eq!(ran.status(), 1, "nothing of a broken one is stored");

    let ran = khlang.run(&["submissions", "void", "1", "--reason", "ส่งผิดหน่วย", "--json"]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let voided = ran.json();
    assert_eq!(voided["status"], "void");
    assert_eq!(voided["void"]["reason"], "ส่งผิดหน่วย");
    assert_eq!(voided["void"]["rows"], 1);
    assert_eq!(voided["files"][0]["accepted"], 1, "what was counted stays on record");
    assert_eq!(khlang.run(&["submissions", "show", "1", "--json"]).json(), voided);
    assert_eq!(khlang.run(&["submissions", "void", "1", "--reason", "x"]).status(), 1);
    assert_eq!(khlang.run(&["verify"]).status(), 0);
    assert_eq!(
        khlang.import("F21_10670_20140131090000.zip", &archive(1))["files"][0]["accepted"],
        1
    );
}

fn contradictions(khlang: &Khlang) -> (i32, String) {
    let ran = khlang.run(&["verify", "--json"]);
    (ran.status(), ran.json()["mismatches"].to_string())
}

fn tamper(khlang: &Khlang, sql: &str) {
    let conn = rusqlite::Connection::open(khlang.path("data/khlang.db")).unwrap();
    assert!(conn.execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn verify_finds_rows_and_counts_that_were_tampered_with() {
    let khlang = two_submissions();
    assert_eq!(contradictions(&khlang), (0, "[]".to_owned()));
    for sql in [
        "DELETE FROM t_person",
        "UPDATE t_person SET _sub = 2",
        "UPDATE tally SET received = received + 1, accepted = accepted + 1",
        "DELETE FROM tally",
        "UPDATE submission SET status = 'void' WHERE id = 1",
    ] {
        let khlang = two_submissions();
        tamper(&khlang, sql);
        let (status, said) = contradictions(&khlang);
        assert!(status == 2 && said.contains("PERSON"), "{sql}: {status} {said}");
    }
}

#[test]
fn verify_finds_originals_that_are_gone_moved_or_changed() {
    let stored = format!("data/accepted/2014/01/{NAME}");
    let khlang = two_submissions();
    assert_eq!(std::fs::read(khlang.path(&stored)).unwrap(), archive(1), "kept unchanged");
    let broken = "data/rejected/2014/01/F21_10671_20140131080000.zip";
    assert_eq!(std::fs::read(khlang.path(broken)).unwrap(), b"no zip");

    std::fs::rename(khlang.path(&stored), khlang.path("data/accepted/2014/01/x.zip")).unwrap();
    let (status, said) = contradictions(&khlang);
    assert_eq!(status, 2);
    assert!(said.contains(NAME) && said.contains("x.zip"), "{said}");

    let khlang = two_submissions();
    std::fs::write(khlang.path(&stored), archive(2)).unwrap();
    let (status, said) = contradictions(&khlang);
    assert!(status == 2 && said.contains(NAME), "{said}");

    let khlang = two_submissions();
    std::fs::remove_file(khlang.path(broken)).unwrap();
    assert_eq!(contradictions(&khlang).0, 2);
}

#[test]
fn without_a_database_there_is_nothing_to_answer_from() {
    let khlang = Khlang::new();
    for arguments in [
        &["submissions", "list"][..],
        &["submissions", "show", "1"],
        &["submissions", "void", "1", "--reason", "x"],
        &["verify"],
    ] {
        let ran = khlang.run(arguments);
        assert_eq!(ran.status(), 1, "{arguments:?}");
        assert!(ran.err().contains("khlang.db"), "{arguments:?}: {}", ran.err());
        assert!(!khlang.path("data/khlang.db").exists(), "{arguments:?} makes none");
    }
}

/// Tables of records that an upgrade has changed are made by the next writer: until
/// then no command answers from them, and each says what to run.
#[test]
fn a_database_that_no_writer_opened_since_an_upgrade_is_not_answered_from() {
    let khlang = two_submissions();
    let before = khlang.run(&["submissions", "list", "--json"]);
    tamper(&khlang, "UPDATE meta SET value = value || ' ' WHERE name = 'tables'");
    let copy = khlang.path("copy.db");
    for arguments in [
        &["submissions", "list"][..],
        &["submissions", "show", "1"],
        &["score", "--round", "2557"],
        &["allocate", "--round", "2557"],
        &["kpi", "run", "anc12", "--period", "2557"],
        &["hold", "list"],
        &["audit", "list"],
    ] {
        let ran = khlang.run(arguments);
        assert_eq!(ran.status(), 1, "{arguments:?}: {}", ran.out());
        assert!(ran.err().contains("khlang verify"), "{arguments:?}: {}", ran.err());
        assert!(ran.err().contains("รัน khlang verify"), "{arguments:?}: {}", ran.err());
    }
    assert_eq!(khlang.run(&["backup", copy.to_str().unwrap()]).status(), 0, "it copies any");
    assert_eq!(khlang.run(&["verify"]).status(), 0);
    assert_eq!(khlang.run(&["submissions", "list", "--json"]).out(), before.out());
}

#[test]
fn people_are_answered_in_their_language() {
    let khlang = Khlang::new();
    let path = khlang.write(NAME, archive(1));
    let path = path.to_str().unwrap();
    let english = khlang.run(&["--lang", "en", "check", path]).out();
    assert!(english.contains("Receipt") && english.contains("PERSON: 1 = 1 + 0 + 0"), "{english}");
    let thai = khlang.run(&["check", path]).out();
    assert!(thai.contains("ใบรับไฟล์") && !thai.contains("Receipt"), "{thai}");
}

#[test]
fn the_clock_can_be_fixed_for_a_re_run() {
    let run = || {
        let khlang = Khlang::new().now("2014-03-01T00:30:00+07:00");
        let said = khlang.import(NAME, &archive(1));
        assert_eq!(said["received_at"], "2014-03-01T00:30:00+07:00");
        assert!(khlang.path(&format!("data/accepted/2014/03/{NAME}")).exists());
        let name = khlang.path(&format!("data/outbox/10670/{NAME}.receipt.json"));
        std::fs::read(name).unwrap()
    };
    assert_eq!(run(), run(), "same input, same clock, same bytes out");
    // Another zone is the same instant; folders go by Bangkok.
    let khlang = Khlang::new().now("2014-02-28T17:30:00Z");
    let said = khlang.import(NAME, &archive(1));
    assert_eq!(said["received_at"], "2014-03-01T00:30:00+07:00");
}

#[test]
fn several_archives_give_one_document_in_the_order_given() {
    let khlang = Khlang::new();
    let one = khlang.write("F21_10670_20140131080000.zip", archive(1));
    let two = khlang.write("F21_10671_20140131080000.zip", b"no zip");
    let three = khlang.write("F21_10670_20140131090000.zip", archive(1));
    let paths = [&one, &two, &three].map(|path| path.to_str().unwrap());
    let ran = khlang.run(&[&["import", "--json"], &paths[..]].concat());
    assert_eq!(ran.status(), 2, "one of them is broken");
    let said = ran.json();
    let of = |key: &str| -> Vec<Value> {
        said.as_array().unwrap().iter().map(|line| line[key].clone()).collect()
    };
    assert_eq!(of("id"), [1, 2, 3]);
    assert_eq!(of("status"), ["accepted", "broken", "accepted"]);
    assert_eq!(said[2]["files"][0]["duplicate"], 1);
    assert!(one.exists() && two.exists(), "the given files stay where they are");

    let checked = khlang.run(&["check", "--json", paths[0]]).json();
    assert!(checked[0].get("id").is_none(), "a check has no number");
}

#[test]
fn our_own_trouble_is_exit_status_one() {
    let khlang = Khlang::new();
    let ran = khlang.run(&["import", "--json", "F21_10670_20140131080000.zip"]);
    assert_eq!(ran.status(), 1, "there is no such file");
    assert!(ran.err().contains("F21_10670"), "{}", ran.err());
    assert!(ran.out().is_empty());
    assert_eq!(khlang.run(&["check", "none.zip"]).status(), 1);
}

/// A member that turns out broken late has said something of its first rows by
/// then: taken back with them, it takes no room from what is said of others.
#[test]
fn findings_that_are_taken_back_leave_room_for_others() {
    let khlang = Khlang::new().env("KHLANG__LIMITS__FINDINGS_IN_ALL", "1");
    let row = |pid| format!("10670|1234567890121|{pid}|3|19800101|1|20130115120000\n");
    let rows: String = (1..9_000).map(row).collect();
    let persons = format!("PCUCODE|CID|PID|SEX|BIRTH|TYPEAREA|D_UPDATE\n{rows}\0\n");
    let epi = "PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE\n\
               10670|1|1|20140115|010|10670|20140116120000\n";
    let said = khlang.import(NAME, &zipped(&[("PERSON.txt", persons.as_str()), ("EPI.txt", epi)]));
    assert_eq!((&said["status"], &said["problems"][0]["code"]), (&"partial".into(), &"M05".into()));
    assert_eq!(said["findings"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(said["findings"][0]["code"], "EP9200");
}
