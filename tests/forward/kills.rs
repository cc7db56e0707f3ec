//! A kill at every step: what is seen is whole and known to the ledger, and
//! every row is sent once.

use std::fs;

use super::{NHSO, json, sent, site};
use crate::support::parcel::Parcel;
use crate::support::site::UNIT_B;

#[test]
fn a_kill_at_any_step_leaves_nothing_half_and_every_row_is_sent_once() {
    for (step, named) in [
        ("forward_written", false),
        ("forward_recorded", false),
        ("forward_noted", false),
        ("forward_named", true),
    ] {
        let site = site(NHSO);
        let parcel = Parcel::new(UNIT_B, 1, 20);
        let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
        assert!(site.import(&path, None).success());
        let now = "2014-01-17T08:00:00+07:00";
        let mut dying = site.command(&["--now", now, "forward"]);
        let died = dying.env("KHLANG_DIE_AT", step).output().unwrap();
        assert_eq!(died.status.code(), None, "no kill at {step}");
        assert_eq!(sent(&site, "nhso").len(), usize::from(named), "{step}: what is seen");
        let later = "2014-01-18T08:00:00+07:00";
        json(&site, later, &["forward"]);
        let all = sent(&site, "nhso");
        assert_eq!(all.len(), 1, "{step}");
        let list = json(&site, later, &["forward", "list"]);
        assert_eq!(list.as_array().unwrap().len(), 1, "{step}: {list}");
        assert_eq!(list[0]["rows"], parcel.rows(), "{step}");
        // Of what the ledger had, the time of sending stands.
        let made = if step == "forward_written" { later } else { now };
        assert_eq!(list[0]["made_at"], made, "{step}");
        let home = site.at("exports/forward/nhso");
        let hidden = fs::read_dir(home).unwrap().map(Result::unwrap);
        let hidden = hidden.filter(|e| e.file_name().to_str().unwrap().starts_with('.'));
        assert_eq!(hidden.count(), 0, "{step}");
    }
}

#[test]
fn a_database_older_than_what_was_sent_sends_nothing_twice() {
    let site = site(NHSO);
    let parcel = Parcel::new(UNIT_B, 1, 4);
    let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    assert!(site.import(&path, None).success());
    let backup = site.root().join("before.db");
    let (status, _, error) = site.run(&["backup", backup.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{error}");
    let now = "2014-01-17T08:00:00+07:00";
    json(&site, now, &["forward"]);
    let (status, _, error) = site.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{error}");
    let later = "2014-01-18T08:00:00+07:00";
    let (status, _, error) = site.run(&["--now", later, "forward"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("20140117080000") && error.contains("twice"), "{error}");
    assert_eq!(sent(&site, "nhso").len(), 1);
    // It was sent: that is put on record, and the folder is put away.
    json(&site, later, &["forward", "adopt", "nhso", "--until", "1"]);
    fs::rename(site.at("exports/forward/nhso/20140117080000"), site.root().join("away")).unwrap();
    assert_eq!(json(&site, later, &["forward"])[0]["batches"], serde_json::json!([]));
}

/// Whoever uploads takes the folders away: an older database is noticed all the
/// same, wherever the run before it was stopped.
#[test]
fn a_database_older_than_what_was_taken_away_sends_nothing_twice() {
    for step in [None, Some("forward_recorded"), Some("forward_noted"), Some("forward_named")] {
        let site = site(NHSO);
        let parcel = Parcel::new(UNIT_B, 1, 4);
        let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
        assert!(site.import(&path, None).success());
        let backup = site.root().join("before.db");
        assert_eq!(site.run(&["backup", backup.to_str().unwrap()]).0, Some(0));
        let now = "2014-01-17T08:00:00+07:00";
        if let Some(step) = step {
            let mut dying = site.command(&["--now", now, "forward"]);
            assert_eq!(dying.env("KHLANG_DIE_AT", step).output().unwrap().status.code(), None);
        }
        json(&site, "2014-01-17T09:00:00+07:00", &["forward"]);
        assert_eq!(sent(&site, "nhso").len(), 1, "{step:?}");
        let home = site.at("exports/forward/nhso");
        fs::rename(&home, site.root().join("away")).unwrap();
        assert_eq!(site.run(&["restore", backup.to_str().unwrap()]).0, Some(0));
        let later = "2014-01-18T08:00:00+07:00";
        for dry in [&["forward", "--dry-run"][..], &["forward"]] {
            let (status, _, error) = site.run(&[&["--now", later][..], dry].concat());
            assert_eq!(status, Some(1), "{step:?}");
            assert!(error.contains("twice") && error.contains("--until 0"), "{error}");
        }
        // It was not sent after all: nothing is put on record, and it goes, under
        // a name that was never given.
        let adopted = json(&site, later, &["forward", "adopt", "nhso", "--until", "0"]);
        assert_eq!(adopted["submissions"], 0);
        let made = json(&site, now, &["forward"]);
        assert_eq!(made[0]["batches"][0]["rows"], parcel.rows(), "{made}");
        let folder = made[0]["batches"][0]["folder"].as_str().unwrap().to_owned();
        assert!(!site.root().join("away").join(folder.rsplit('/').next().unwrap()).exists());
        site.assert_verified();
    }
}

/// The ledger knows the names that it gave, also those of folders that are gone.
#[test]
fn a_name_is_given_once_though_its_folder_was_taken_away() {
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    let mut folders = Vec::new();
    for (day, record_is_lost) in [(14, false), (15, false), (16, true)] {
        let parcel = Parcel::new(UNIT_B, day, 2);
        let path = site.write(format!("F43_{UNIT_B}_201401{day}080000.zip"), &parcel.zip());
        assert!(site.import(&path, None).success());
        if record_is_lost {
            fs::remove_file(site.at("exports/forward/.record/nhso.sent")).unwrap();
        }
        let made = json(&site, now, &["forward"]);
        folders.push(made[0]["batches"][0]["folder"].as_str().unwrap().to_owned());
        fs::remove_dir_all(site.at(folders.last().unwrap())).unwrap();
    }
    let home = "exports/forward/nhso";
    let wanted = ["00", "01", "02"].map(|second| format!("{home}/201401170800{second}"));
    assert_eq!(folders, wanted);
}

/// What cannot be noted is not shown: nobody takes away what would be forgotten.
#[test]
fn a_folder_gets_its_name_only_once_that_is_noted() {
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    let parcel = Parcel::new(UNIT_B, 1, 3);
    let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    assert!(site.import(&path, None).success());
    // A folder stands where the record belongs; that stops root too.
    let record = site.at("exports/forward/.record");
    let mut dying = site.command(&["--now", now, "forward"]);
    assert_eq!(
        dying.env("KHLANG_DIE_AT", "forward_recorded").output().unwrap().status.code(),
        None
    );
    fs::create_dir_all(record.join("nhso.sent")).unwrap();
    let (status, _, error) = site.run(&["--now", now, "forward"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("nhso.sent"), "{error}");
    assert!(sent(&site, "nhso").is_empty());
    fs::remove_dir(record.join("nhso.sent")).unwrap();
    json(&site, now, &["forward"]);
    assert_eq!(sent(&site, "nhso").len(), 1);
}

#[test]
fn a_full_disk_leaves_the_rows_waiting() {
    let site = site(NHSO);
    let parcel = Parcel::new(UNIT_B, 1, 400);
    let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    assert!(site.import(&path, None).success());
    let now = "2014-01-17T08:00:00+07:00";
    // No file can be written beyond 2 KiB, as if there were no room for more.
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg("trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"");
    shell.arg(env!("CARGO_BIN_EXE_khlang"));
    site.prepare(&mut shell);
    let full = shell.args(["--now", now, "forward"]).output().unwrap();
    assert_eq!(full.status.code(), Some(1), "{}", String::from_utf8_lossy(&full.stderr));
    assert!(sent(&site, "nhso").is_empty());
    assert_eq!(json(&site, now, &["forward", "status"])[0]["rows"], parcel.rows());
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], parcel.rows());
    site.assert_verified();
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_rows_waiting() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    let parcel = Parcel::new(UNIT_B, 1, 3);
    let path = site.write(format!("F43_{UNIT_B}_20140116080000.zip"), &parcel.zip());
    assert!(site.import(&path, None).success());
    // A plain file stands where the folder of the destination belongs; that
    // stops root too.
    let home = site.write("data/exports/forward/nhso", b"");
    fs::set_permissions(home.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let (status, _, error) = site.run(&["--now", now, "forward"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("exports/forward/nhso"), "{error}");
    fs::remove_file(home).unwrap();
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], parcel.rows());
}
