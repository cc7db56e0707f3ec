//! Rows that were refused there and accepted here are taken back on record, and
//! the corrected ones are accepted and sent.

use rusqlite::Connection;
use serde_json::{Value as Json, json as j};
use std::fmt::Write as _;

use super::{BACK, archive, back, import, json, refused, sent};
use crate::support::site::{Site, UNIT_B};

const LATER: &str = "2014-01-26T08:00:00+07:00";

fn stored(site: &Site, record: &str) -> i64 {
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    conn.query_row(&format!("SELECT count(*) FROM \"{record}\""), [], |row| row.get(0)).unwrap()
}

fn answer(archive: &str, lines: &[(u32, &str)]) -> String {
    let mut text = "ARCHIVE,FILE,LINE,CODE\n".to_owned();
    for (line, code) in lines {
        writeln!(text, "{archive},EPI,{line},{code}").unwrap();
    }
    text
}

#[test]
fn a_freed_row_is_corrected_accepted_and_sent_and_a_duplicate_stays_refused() {
    let (site, name) = sent(&[("1", true), ("2", true), ("3", true)], true);
    let score = |now| json(&site, now, &["score", "--round", "2557"]);
    let before = score(BACK);
    back(&site, "rep.csv", &answer(&name, &[(2, "EP1105"), (3, "EP9299"), (4, "")]));

    // Nothing is free by itself: the same row is a duplicate.
    let again =
        |name: &str| import(&site, LATER, name, &archive(&[("1", true), ("2", true)], true));
    let told = again(&format!("F21_{UNIT_B}_20140125090000.zip"));
    assert_eq!(told["files"][1]["accepted"], 0, "{told}");

    let told = refused(&site, LATER, &["rep", "free", "1", "--reason", " "]);
    assert!(told.contains("--reason is blank"), "{told}");
    let told = refused(&site, LATER, &["rep", "free", "1", "--reason", "x", "--file", "PERSON"]);
    assert!(told.contains("nothing to free"), "{told}");
    let args = ["rep", "free", "1", "--reason", "สปสช. ไม่รับ", "--file", "EPI", "--by", "สมหญิง"];
    let freed = json(&site, LATER, &args);
    assert_eq!((&freed["rows"], &freed["submissions"]), (&j!(1), &j!({"1": 1})), "{freed}");
    assert_eq!(freed["duplicates"][0]["code"], "EP9299", "{freed}");
    assert_eq!(stored(&site, "EPI"), 2);
    site.assert_verified();

    let shown = json(&site, LATER, &["submissions", "show", "1"]);
    let one = &shown["freed"][0];
    let told = ["file", "rows", "rep", "by", "reason"].map(|key| one[key].clone());
    assert_eq!(told, [j!("EPI"), j!(1), j!(1), j!("สมหญิง"), j!("สปสช. ไม่รับ")], "{shown}");
    let receipt = site.receipt(&format!("{UNIT_B}/F21_{UNIT_B}_20140116080000.zip.receipt.json"));
    assert_eq!(receipt.unwrap()["freed"], shown["freed"], "the receipt says so, too");

    // Figures are as if it had never been accepted.
    let after = score(LATER);
    assert_ne!(before["units"], after["units"], "its point is gone");
    let fresh = json(&site, LATER, &["score", "--round", "2557", "--fresh"]);
    assert_eq!(after["units"], fresh["units"], "nothing old was kept");

    let told = refused(&site, LATER, &["rep", "free", "1", "--reason", "again"]);
    assert!(told.contains("not freed"), "only the duplicate is left: {told}");

    // The corrected row is accepted, the one that they have stays a duplicate.
    let told = again(&format!("F21_{UNIT_B}_20140125100000.zip"));
    let counts = ["accepted", "duplicate"].map(|key| told["files"][1][key].clone());
    assert_eq!(counts, [j!(1), j!(1)], "{told}");
    let made = json(&site, LATER, &["forward", "nhso"]);
    let parts: Vec<Json> =
        made[0]["batches"][0]["archives"][0]["parts"].as_array().unwrap().clone();
    assert_eq!(parts, [j!({"submission": 3, "file": "EPI", "first": 1, "rows": 1})], "{made}");
    site.assert_verified();

    // A submission with freed rows can still be taken back as a whole.
    json(&site, LATER, &["submissions", "void", "1", "--reason", "ผิด"]);
    site.assert_verified();
}

#[test]
fn a_late_answer_about_a_freed_row_is_not_of_the_corrected_one() {
    let (site, name) = sent(&[("1", true), ("2", true)], true);
    back(&site, "rep.csv", &answer(&name, &[(2, "EP1105")]));
    json(&site, LATER, &["rep", "free", "1", "--reason", "x"]);
    let told = import(
        &site,
        LATER,
        &format!("F21_{UNIT_B}_20140125100000.zip"),
        &archive(&[("1", true)], true),
    );
    assert_eq!(told["files"][1]["accepted"], 1, "{told}");
    let made = json(&site, LATER, &["forward", "nhso"]);
    let later = made[0]["batches"][0]["archives"][0]["name"].as_str().unwrap();
    let header = "ARCHIVE,FILE,HCODE,PID,SEQ,DATE_SERV,CODE\n";
    let line = |archive: &str, pid: &str| {
        format!("{archive},EPI,{UNIT_B},{pid},{},20140110,EP1105\n", super::seq(pid))
    };
    let text = [line(&name, "1"), line("", "1"), line(later, "1"), line("", "2")].concat();
    back(&site, "late.csv", &format!("{header}{text}"));
    let found = super::lines(&site, 2);
    let of = |line: &Json| (line["submission"].clone(), line["why"].clone());
    let wanted = [
        (j!(null), j!("not_stored")),
        (j!(null), j!("freed")),
        (j!(2), j!(null)),
        (j!(1), j!(null)),
    ];
    assert_eq!(found.iter().map(of).collect::<Vec<_>>(), wanted, "{found:#?}");
    site.assert_verified();
}

#[test]
fn what_was_freed_is_never_overwritten_and_a_lost_row_is_found() {
    let (site, name) = sent(&[("1", true), ("2", true)], true);
    back(&site, "rep.csv", &answer(&name, &[(2, "EP1105")]));
    json(&site, LATER, &["rep", "free", "1", "--reason", "x"]);
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    for table in ["rep", "rep_row", "freed_row", "statement_line"] {
        if table == "statement_line" {
            conn.execute(
                "INSERT INTO statement_line VALUES (1, 1, 1, 2557, 'support', '', 'x', '', 1, '', NULL)",
                [],
            )
            .unwrap();
        }
        for sql in [format!("UPDATE {table} SET rep = 9"), format!("DELETE FROM {table}")] {
            let sql = if table == "rep" { sql.replace("rep = 9", "by = 'x'") } else { sql };
            let error = conn.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains("never overwritten"), "{sql}: {error}");
        }
    }
    let (status, out, _) = site.run(&["verify"]);
    assert_eq!(status, Some(2), "a line more than was counted: {out}");
    conn.execute("DROP TRIGGER statement_line_is_kept", []).unwrap();
    conn.execute("DELETE FROM statement_line", []).unwrap();
    site.assert_verified();
    conn.execute("DELETE FROM t_epi", []).unwrap();
    let (status, out, _) = site.run(&["verify"]);
    assert_eq!(status, Some(2), "{out}");
}

#[test]
fn a_backup_of_before_and_one_of_after_are_both_sound() {
    let (site, name) = sent(&[("1", true), ("2", true)], true);
    let before = site.at("backups/before.db");
    std::fs::create_dir_all(site.at("backups")).unwrap();
    let run = |args: &[&str]| {
        let (status, out, error) = site.run(args);
        assert_eq!(status, Some(0), "{args:?}: {out}{error}");
    };
    run(&["backup", before.to_str().unwrap()]);
    back(&site, "rep.csv", &answer(&name, &[(2, "EP1105")]));
    json(&site, LATER, &["rep", "free", "1", "--reason", "x"]);
    site.assert_verified();
    let after = site.at("backups/after.db");
    run(&["backup", after.to_str().unwrap()]);
    run(&["restore", after.to_str().unwrap()]);
    site.assert_verified();
    assert_eq!(stored(&site, "EPI"), 1);
}

#[test]
fn a_kill_leaves_all_or_nothing_of_an_import_and_of_freeing() {
    let (site, name) = sent(&[("1", true), ("2", true)], true);
    let path = site.root().join("rep.csv");
    std::fs::write(&path, answer(&name, &[(2, "EP1105"), (3, "EP1105")])).unwrap();
    let import = ["rep", "import", path.to_str().unwrap(), "--layout", "khlang"];
    let free = ["rep", "free", "1", "--reason", "x"];
    let die = |step: &str, args: &[&str]| {
        let mut command = site.command(&[&["--now", BACK][..], args].concat());
        let died = command.env("KHLANG_DIE_AT", step).output().unwrap();
        assert!(!died.status.success(), "{step} was never reached");
        site.assert_verified();
    };
    die("rep_begun", &import);
    assert_eq!(json(&site, BACK, &["rep", "list"]), j!([]));
    die("rep_recorded", &import);
    assert_eq!(json(&site, BACK, &["rep", "list"])[0]["rows"], 2);
    die("rep_free_copied", &free);
    assert_eq!(stored(&site, "EPI"), 2, "nothing was taken back");
    die("rep_freed", &free);
    assert_eq!(stored(&site, "EPI"), 0);
    assert!(refused(&site, BACK, &free).contains("nothing to free"));
    for _ in 0..2 {
        die("rep_letter_begun", &["rep", "send", "1"]);
    }
    let sent = json(&site, BACK, &["rep", "send", "1"]);
    assert_eq!(sent["units"][UNIT_B].as_array().unwrap().len(), 3);
}

#[test]
fn a_file_of_which_all_was_freed_waits_for_no_other_destination() {
    let (site, name) = sent(&[("1", true), ("2", true)], true);
    back(&site, "rep.csv", &answer(&name, &[(2, "EP1105"), (3, "EP1105")]));
    let more = "\n[[forward]]\nname = \"province\"\ntypes = [\"18\"]\n";
    site.write("config/khlang.toml", format!("{}{more}", super::NHSO).as_bytes());
    let waiting = || {
        let status = json(&site, LATER, &["forward", "status"]);
        let of = status.as_array().unwrap().iter().find(|of| of["destination"] == "province");
        let files = of.unwrap()["waiting"].as_array().unwrap().clone();
        files.iter().map(|f| (f["file"].clone(), f["rows"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(waiting(), [(j!("EPI"), j!(2)), (j!("PERSON"), j!(2))]);
    json(&site, LATER, &["rep", "free", "1", "--reason", "x"]);
    assert_eq!(waiting(), [(j!("PERSON"), j!(2))]);
    json(&site, LATER, &["forward", "province"]);
    assert_eq!(waiting(), []);
    site.assert_verified();
}
