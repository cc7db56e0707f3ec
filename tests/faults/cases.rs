//! Cases and the money that they hold are one: killed at any step of a run or
//! of a decision, a case that is there holds what it says, and one that holds
//! is there. A letter that was not written yet is written from the record.

use serde_json::{Value, json};

use crate::audit::flow::{item, ok, province, run, show};
use crate::support::case::Khlang;

/// Runs the program, which kills itself at a step.
fn dies(khlang: Khlang, step: &str, arguments: &[&str]) -> Khlang {
    let khlang = khlang.env("KHLANG_DIE_AT", step);
    let ran = khlang.run(arguments);
    assert_eq!(ran.0.status.code(), None, "no kill at {step}: {}", ran.err());
    khlang.env("KHLANG_DIE_AT", "")
}

fn holds(khlang: &Khlang) -> Value {
    ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]))
}

fn sound(khlang: &Khlang, step: &str) {
    let verified = khlang.run(&["verify"]);
    assert_eq!(verified.status(), 0, "{step}: {}", verified.out());
}

const RUN: [&str; 4] = ["audit", "run", "--round", "2557"];

#[test]
fn a_run_that_is_killed_leaves_no_case_without_its_hold() {
    let mut khlang = province();
    let (earned, _) = item(&khlang, "04001");
    for step in ["audit_held", "audit_stepped", "audit_written"] {
        khlang = dies(khlang, step, &RUN);
        assert_eq!(holds(&khlang), json!([]), "{step}");
        assert_eq!(item(&khlang, "04001"), (earned, 0), "{step}");
        sound(&khlang, step);
    }
    // Killed after the commit, all of it is there, and found again it is nothing new.
    khlang = dies(khlang, "audit_committed", &RUN);
    assert_eq!(holds(&khlang).as_array().unwrap().len(), 1);
    assert_eq!(item(&khlang, "04001"), (earned, earned));
    sound(&khlang, "audit_committed");
    let again = run(&khlang);
    assert_eq!((&again["opened"], &again["added"]), (&json!([]), &json!([])), "{again:#}");
}

#[test]
fn a_decision_that_is_killed_is_whole_or_none() {
    let khlang = province();
    run(&khlang);
    let id = holds(&khlang)[0]["id"].to_string();
    let (earned, _) = item(&khlang, "04001");
    let tell = ["audit", "notify", &id, "--reason", "x"];
    ok(&khlang.run(&[&tell[..], &["--json"]].concat()));
    let mut khlang = khlang.now("2014-07-20T10:00:00+07:00");
    let part = ["audit", "resolve", &id, "partial", "--reason", "x"];
    let part = [&part[..], &["--percent", "40", "--condition", "y"]].concat();
    for step in ["audit_held", "audit_stepped"] {
        khlang = dies(khlang, step, &part);
        assert_eq!(show(&khlang, &id)["state"], "notified", "{step}");
        assert_eq!(item(&khlang, "04001"), (earned, earned), "{step}");
        sound(&khlang, step);
    }
    ok(&khlang.run(&[&part[..], &["--json"]].concat()));
    assert_eq!(show(&khlang, &id)["share"], "60.00");
    sound(&khlang, "after it");
}

#[test]
fn a_letter_that_was_recorded_and_not_written_is_written_from_the_record() {
    let khlang = province();
    run(&khlang);
    let id = holds(&khlang)[0]["id"].to_string();
    let tell = ["audit", "notify", &id, "--reason", "x", "--letter-no", "7", "--out", "letters"];
    let mut khlang = dies(khlang, "audit_letter_recorded", &tell);
    assert_eq!(show(&khlang, &id)["state"], "notified");
    assert!(!khlang.path("letters").exists(), "no half of a letter");
    // Told once: it cannot be told again, and the letter is that of the record.
    assert_eq!(khlang.run(&tell).status(), 1);
    let write = ["audit", "letter", &id, "--out", "letter.html"];
    khlang = dies(khlang, "audit_letter_begun", &write);
    assert!(!khlang.path("letter.html").exists(), "no half of a letter");
    assert_eq!(khlang.run(&write).status(), 0);
    let letter = std::fs::read_to_string(khlang.path("letter.html")).unwrap();
    assert!(letter.contains("16 ก.ค. 2557"), "{letter}");
    sound(&khlang, "letter");
}
