//! One step after the other, with small archives.

use serde_json::{Value as Json, json as j};

use super::{NHSO, import, json, members, sent, site};
use crate::support::site::{Site, UNIT_A, UNIT_B};

const PERSON: &str = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE";
const SERVICE: &str =
    "PCUCODE|PID|SEQ|DATE_SERV|LOCATE|PTTYPE|INTIME|PRICE|INSTYPE|PAY|REFERIN|REFEROUT|D_UPDATE";
const DIAG: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE";
const SURVEIL: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGCODE|CODE506|ILLDATE|PTSTAT|D_UPDATE";

fn person(unit: &str, pid: &str, name: &str) -> String {
    format!("{unit}|1234567890121|{pid}|{name}|1|19800101|1|20140110120000")
}

fn epi(unit: &str, pid: &str, seq: &str) -> String {
    format!("{unit}|{pid}|{seq}|20140110|010|{unit}|20140110120000")
}

/// PERSON and EPI of a unit: of each row its text, or a row with an error.
fn archive(unit: &str, pids: &[(&str, bool)]) -> Vec<(&'static str, String)> {
    let mut persons = format!("\u{feff}{PERSON}\r\n");
    let mut doses = String::new();
    for (pid, good) in pids {
        persons += &person(unit, pid, "สมชาย ");
        persons += "\r\n";
        let day = if *good { "20140110" } else { "20140230" };
        doses += &epi(unit, pid, "1").replace("20140110", day);
        doses += "\r\r\n";
    }
    vec![("PERSON.txt", persons), ("data/epi.TXT", doses)]
}

#[test]
fn the_accepted_rows_are_sent_as_they_were_received_and_once() {
    let site = site(NHSO);
    let name = format!("F21_{UNIT_B}_20140116080000.zip");
    let now = "2014-01-17T08:00:00+07:00";
    import(&site, now, &name, &archive(UNIT_B, &[("1", true), ("2", false), ("3", true)]));
    // Not for this destination: the hospital sends by itself.
    let other = format!("F21_{UNIT_A}_20140116080000.zip");
    import(&site, now, &other, &archive(UNIT_A, &[("1", true)]));

    let dry = json(&site, now, &["forward", "--dry-run"]);
    assert_eq!(dry[0]["would"][0]["rows"], 5, "{dry}");
    assert!(sent(&site, "nhso").is_empty());
    let status = json(&site, now, &["forward", "status"]);
    let waiting = &status[0]["waiting"];
    assert_eq!(waiting[0]["file"], "EPI", "{status}");
    assert_eq!((&waiting[0]["rows"], &waiting[0]["why"]), (&j!(2), &j!("next")), "{status}");
    assert_eq!((&waiting[1]["file"], &waiting[1]["since"]), (&j!("PERSON"), &j!(now)));
    let waits = ["submissions", "rows", "not_for"].map(|key| status[0][key].clone());
    assert_eq!(waits, [j!(1), j!(5), j!(1)], "{status}");

    let made = json(&site, now, &["forward", "nhso"]);
    let batch = &made[0]["batches"][0];
    assert_eq!((&batch["batch"], &batch["rows"]), (&j!(1), &j!(5)), "{made}");
    let all = sent(&site, "nhso");
    let name = format!("F21_{UNIT_B}_25570117080000.zip");
    assert_eq!(all.keys().collect::<Vec<_>>(), [&name]);
    let files = members(&all[&name]);
    let whole = archive(UNIT_B, &[("1", true), ("2", true), ("3", true)]);
    assert_eq!(files["PERSON.txt"], whole[0].1.as_bytes(), "byte for byte, with mark and spaces");
    let good = archive(UNIT_B, &[("1", true), ("3", true)]);
    assert_eq!(files["data/epi.TXT"], good[1].1.as_bytes());
    assert_eq!(files.len(), 2);

    let manifest = site.at(batch["folder"].as_str().unwrap()).join("manifest.json");
    let manifest: Json = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let parts: Vec<Json> = manifest["archives"][0]["parts"].as_array().unwrap().clone();
    assert_eq!(
        parts,
        [
            j!({"submission": 1, "file": "EPI", "first": 1, "rows": 2}),
            j!({"submission": 1, "file": "PERSON", "first": 1, "rows": 3}),
        ]
    );
    assert_eq!(manifest["archives"][0]["sha256"], batch["archives"][0]["sha256"]);

    // Sent when it was made: the list says when.
    let list = json(&site, now, &["forward", "list"]);
    assert_eq!((&list[0]["sent_at"], &list[0]["made_at"]), (&j!(now), &j!(now)), "{list}");
    let (_, told, _) = site.run(&["forward", "list"]);
    assert!(told.contains(&format!("→ {now} ")), "{told}");

    let again = json(&site, now, &["forward"]);
    assert_eq!(again[0]["batches"], j!([]), "nothing is sent twice");
    assert_eq!(json(&site, now, &["forward", "status"])[0]["submissions"], 0);
    site.assert_verified();
}

#[test]
fn two_destinations_are_independent() {
    let both = format!("{NHSO}[[forward]]\nname = \"moph\"\nera = \"ce\"\nstandards = [\"F21\"]\n");
    let site = site(&both);
    let now = "2014-01-17T08:00:00+07:00";
    for unit in [UNIT_A, UNIT_B] {
        let name = format!("F21_{unit}_20140116080000.zip");
        import(&site, now, &name, &archive(unit, &[("1", true)]));
    }
    json(&site, now, &["forward", "nhso"]);
    assert_eq!(sent(&site, "moph").len(), 0);
    json(&site, "2014-01-18T08:00:00+07:00", &["forward"]);
    assert_eq!(sent(&site, "nhso").len(), 1);
    let names: Vec<String> = sent(&site, "moph").into_keys().collect();
    assert_eq!(names, ["F21_04001_20140118080000.zip", "F21_10670_20140118080000.zip"]);
}

#[test]
fn what_was_taken_back_is_not_sent_and_told_when_it_was() {
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    for (day, pid) in [("15", "1"), ("16", "2")] {
        let name = format!("F21_{UNIT_B}_201401{day}080000.zip");
        import(&site, now, &name, &archive(UNIT_B, &[(pid, true)]));
    }
    json(&site, now, &["submissions", "void", "1", "--reason", "ส่งผิด"]);
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], 2, "{made}");
    json(&site, now, &["submissions", "void", "2", "--reason", "ส่งผิดอีก"]);
    let status = json(&site, now, &["forward", "status"]);
    let told = &status[0]["taken_back"][0];
    assert_eq!((&told["submission"], &told["rows"]), (&j!(2), &j!(2)), "{status}");
    assert_eq!(told["sent_in"], format!("F21_{UNIT_B}_25570117080000.zip"));
    assert_eq!(status[0]["taken_back"].as_array().unwrap().len(), 1);
}

fn visit(unit: &str, seq: &str) -> String {
    format!("{unit}|1|{seq}|20140110|1|1|1|100.00|0100|0.00|0|0|20140110120000")
}

fn diag(unit: &str, seq: &str, code: &str) -> String {
    format!("{unit}|1|{seq}|20140110|1|{code}|20140110120000")
}

#[test]
fn a_corrected_diagnosis_waits_for_visits_to_go_with() {
    let site = site(NHSO);
    let send = |day: u32, persons: bool, visits: &[&str], diags: &[(&str, &str)]| {
        let now = format!("2014-01-{day}T12:00:00+07:00");
        let name = format!("F21_{UNIT_B}_201401{day}080000.zip");
        let lines = |header: &str, rows: Vec<String>| {
            [vec![header.to_owned()], rows].concat().join("\r\n") + "\r\n"
        };
        let visits = visits.iter().map(|seq| visit(UNIT_B, seq)).collect();
        let diags = diags.iter().map(|(seq, code)| diag(UNIT_B, seq, code)).collect();
        let mut files =
            vec![("SERVICE.txt", lines(SERVICE, visits)), ("DIAG.txt", lines(DIAG, diags))];
        if persons {
            files.push(("PERSON.txt", format!("{PERSON}\r\n{}\r\n", person(UNIT_B, "1", "ก"))));
        }
        let became = import(&site, &now, &name, &files);
        (json(&site, &now, &["forward"]), became)
    };
    // The diagnosis of the second visit is wrong, and corrected the day after.
    let (first, became) = send(15, true, &["1", "2"], &[("1", "J00"), ("2", "ไข้")]);
    assert_eq!(first[0]["batches"][0]["rows"], 4, "{became} {first}");
    let (second, _) = send(16, false, &["1", "2"], &[("1", "J00"), ("2", "R509")]);
    assert_eq!(second[0]["batches"], j!([]), "DIAG alone would be refused there: {second}");
    let waiting = &second[0]["waiting"][0];
    assert_eq!(
        *waiting,
        j!({"hcode": UNIT_B, "submission": 2, "file": "DIAG", "rows": 1, "needs": "SERVICE",
            "why": "partner"})
    );
    let status = json(&site, "2014-01-16T13:00:00+07:00", &["forward", "status"]);
    assert_eq!(status[0]["rows"], 1);
    assert_eq!(
        status[0]["waiting"],
        j!([{"hcode": UNIT_B, "file": "DIAG", "why": "partner", "needs": "SERVICE",
            "since": "2014-01-16T12:00:00+07:00", "submissions": 1, "rows": 1}])
    );
    let (_, told, _) = site.run(&["--lang", "en", "forward", "status"]);
    assert!(told.contains(&format!("{UNIT_B} DIAG: 1 rows, wait for SERVICE")), "{told}");
    let (third, _) = send(17, false, &["3"], &[("3", "J00")]);
    assert_eq!(third[0]["batches"][0]["rows"], 3, "{third}");
    assert_eq!(third[0]["waiting"], j!([]));
    let all = sent(&site, "nhso");
    let last = members(all.values().last().unwrap());
    let wanted =
        format!("{DIAG}\r\n{}\r\n{}\r\n", diag(UNIT_B, "2", "R509"), diag(UNIT_B, "3", "J00"));
    assert_eq!(String::from_utf8(last["DIAG.txt"].clone()).unwrap(), wanted);
    assert_eq!(third[0]["batches"][0]["archives"][0]["parts"][0]["submission"], 2, "{third}");
}

/// Whoever takes the archives of a unit takes them by the times in their names.
#[test]
fn late_archives_are_named_in_the_order_in_which_they_came() {
    let site = site("[[forward]]\nname = \"nhso\"\n");
    let now = "2013-07-10T08:00:00+07:00";
    let both = archive(UNIT_B, &[("1", true), ("2", true)]);
    let both: Vec<(&str, String)> =
        both.into_iter().map(|(name, text)| (name, text.replace("2014011", "2013061"))).collect();
    for (day, files) in [("15", &both[..1]), ("16", &both[1..])] {
        let name = format!("F21_{UNIT_B}_201306{day}080000.zip");
        let became = import(&site, now, &name, files);
        assert_eq!(became["files"][0]["accepted"], 2, "{became}");
    }
    let later = "2014-01-17T08:00:00+07:00";
    json(&site, later, &["forward"]);
    let all = sent(&site, "nhso");
    let names: Vec<&String> = all.keys().collect();
    assert_eq!(names, ["F21_04001_25560615080000.zip", "F21_04001_25560616080000.zip"]);
    let there = Site::new();
    for path in all.values() {
        let (status, out, error) =
            there.run(&["--now", later, "import", "--json", path.to_str().unwrap()]);
        assert_eq!(status, Some(0), "{error}");
        let became: Json = serde_json::from_str(&out).unwrap();
        assert_eq!(became[0]["files"][0]["accepted"], 2, "{became}");
    }
}

#[test]
fn an_upload_by_hand_counts_from_when_it_is_confirmed() {
    let site = site(&format!("{NHSO}sent = \"confirmed\"\n"));
    let now = "2014-01-17T08:00:00+07:00";
    let name = format!("F21_{UNIT_B}_20140116080000.zip");
    import(&site, now, &name, &archive(UNIT_B, &[("1", true)]));
    json(&site, now, &["forward"]);
    assert_eq!(json(&site, now, &["forward", "status"])[0]["unconfirmed"], j!([1]));
    let early = "2014-01-16T08:00:00+07:00";
    for (at, why) in [(early, "after"), ("2014-02-01T08:00:00+07:00", "future")] {
        let (status, _, error) = site.run(&["--now", now, "forward", "sent", "1", "--at", at]);
        assert_eq!(status, Some(1));
        assert!(error.contains(why), "{error}");
    }
    let later = "2014-01-20T08:00:00+07:00";
    let at = "2014-01-19T10:00:00+07:00";
    let receipt = site.write("rep.txt", b"REP 1");
    let path = receipt.to_str().unwrap();
    let said =
        json(&site, later, &["forward", "sent", "1", "--at", at, "--receipt", path, "--by", "ก"]);
    assert_eq!(said["sent_at"], at, "{said}");
    assert_eq!(json(&site, later, &["forward", "status"])[0]["unconfirmed"], j!([]));
    let (status, _, error) = site.run(&["--now", later, "forward", "sent", "1"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("already"), "{error}");
    assert_eq!(forwarded_at(&site), at);
}

/// When the only submission was sent on, by the ledger.
fn forwarded_at(site: &Site) -> String {
    let conn = rusqlite::Connection::open(site.at("khlang.db")).unwrap();
    conn.query_row("SELECT at FROM forwarded", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_lost_upload_is_written_again_byte_for_byte() {
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    let name = format!("F21_{UNIT_B}_20140116080000.zip");
    import(&site, now, &name, &archive(UNIT_B, &[("1", true)]));
    let first = json(&site, now, &["forward"]);
    let later = "2014-01-18T08:00:00+07:00";
    let again = json(&site, later, &["forward", "again", "1", "--reason", "อัปโหลดหาย"]);
    assert_eq!((&again["batch"], &again["again_of"]), (&j!(2), &j!(1)), "{again}");
    let (a, b) = (&first[0]["batches"][0]["archives"][0], &again["contents"][0]);
    assert_eq!((&a["sha256"], &a["parts"]), (&b["sha256"], &b["parts"]));
    let file = |folder: &Json| {
        let folder = site.at(folder.as_str().unwrap());
        std::fs::read(folder.join(a["name"].as_str().unwrap())).unwrap()
    };
    assert_eq!(file(&first[0]["batches"][0]["folder"]), file(&again["folder"]));
    assert_eq!(forwarded_at(&site), now, "the first sending stands");
    let list = json(&site, later, &["forward", "list", "nhso"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[1]["sent_at"], later, "{list}");
    assert_eq!(json(&site, later, &["forward"])[0]["batches"], j!([]));
}

#[test]
fn what_was_sent_by_other_means_is_adopted() {
    let site = site(NHSO);
    let now = "2014-01-17T08:00:00+07:00";
    for (day, pid) in [("15", "1"), ("16", "2")] {
        let name = format!("F21_{UNIT_B}_201401{day}080000.zip");
        import(&site, now, &name, &archive(UNIT_B, &[(pid, true)]));
    }
    let adopted = json(&site, now, &["forward", "adopt", "nhso", "--until", "1"]);
    assert_eq!(adopted, j!({"destination": "nhso", "submissions": 1}));
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], 2);
    assert_eq!(made[0]["batches"][0]["archives"][0]["parts"][0]["submission"], 2);
}

#[test]
fn an_original_that_was_changed_is_told_and_holds_up_its_unit_alone() {
    let site = site("[[forward]]\nname = \"nhso\"\n");
    let now = "2014-01-17T08:00:00+07:00";
    for (unit, day) in [(UNIT_B, "15"), (UNIT_A, "15"), (UNIT_B, "16")] {
        let name = format!("F21_{unit}_201401{day}080000.zip");
        import(&site, now, &name, &archive(unit, &[(day, true)]));
    }
    let original = site.at(format!("accepted/2014/01/F21_{UNIT_B}_20140115080000.zip"));
    let good = std::fs::read(&original).unwrap();
    std::fs::write(&original, b"PK").unwrap();
    let (status, out, error) = site.run(&["--now", now, "forward", "--json"]);
    assert_eq!(status, Some(1), "{out}{error}");
    let made: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(made[0]["failed"][0]["submission"], 1, "{made}");
    assert!(made[0]["failed"][0]["why"].as_str().unwrap().contains("SHA-256"), "{made}");
    assert_eq!(made[0]["batches"][0]["rows"], 2, "{made}");
    let status = json(&site, now, &["forward", "status"]);
    let mut why: Vec<&str> = status[0]["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["why"].as_str().unwrap())
        .collect();
    why.dedup();
    assert_eq!(why, ["original", "held_up", "original", "held_up"], "{status}");
    std::fs::write(&original, good).unwrap();
    let made = json(&site, now, &["forward"]);
    assert_eq!(made[0]["batches"][0]["rows"], 4, "{made}");
}

#[test]
fn surveillance_loses_points_by_the_clock_of_sending_on() {
    // Sent on 7, 8, 60 and 61 days after the day of service.
    for (sent_on, points, by, after) in [
        ("2014-01-17", "1.00", Some("2014-01-17"), "0.50"),
        ("2014-01-18", "0.50", Some("2014-03-11"), "0.00"),
        ("2014-03-11", "0.50", Some("2014-03-11"), "0.00"),
        ("2014-03-12", "0.00", None, ""),
    ] {
        let site = site(NHSO);
        let row = format!("{UNIT_B}|1|1|20140110|A90|66|20140109|1|20140110120000");
        let rows = format!("{SURVEIL}\r\n{row}\r\n");
        let people = format!("{PERSON}\r\n{}\r\n", person(UNIT_B, "1", "ก"));
        let name = format!("F21_{UNIT_B}_20140111080000.zip");
        let files = [("PERSON.txt", people), ("SURVEIL.txt", rows)];
        let became = import(&site, "2014-01-11T09:00:00+07:00", &name, &files);
        assert_eq!(became["status"], "accepted", "{became}");
        let now = format!("{sent_on}T18:00:00+07:00");
        let status = json(&site, &now, &["forward", "status"]);
        match by {
            Some(by) => {
                let clock = &status[0]["clock"][0];
                let told =
                    ["hcode", "item", "by", "points", "points_after"].map(|k| clock[k].clone());
                assert_eq!(told, [j!(UNIT_B), j!("SURVEIL"), j!(by), j!(points), j!(after)]);
            }
            None => assert_eq!(status[0]["clock"], j!([]), "all is lost by then"),
        }
        json(&site, &now, &["forward"]);
        assert_eq!(json(&site, &now, &["forward", "status"])[0]["clock"], j!([]));
        let score = json(&site, &now, &["score", "--round", "2557", "--unit", UNIT_B]);
        assert_eq!(score["units"][0]["points"]["SURVEIL"], points, "{sent_on}: {score:#}");
    }
}

#[test]
fn a_mistake_in_a_destination_is_told_with_its_name() {
    let now = "2014-01-17T08:00:00+07:00";
    for (text, what) in [
        ("[[forward]]\nname = \"status\"\n", "forward status: is a command"),
        ("[[forward]]\nname = \"nhso\"\nschedule = \"daily\"\n", "forward nhso: "),
        ("[[forward]]\nname = \"nhso\"\nsent = \"maybe\"\n", "maybe"),
        ("[[forward]]\nname = \"nhso\"\nkeep = 0\n", "forward.keep"),
    ] {
        let (status, _, error) = site(text).run(&["--now", now, "config", "check"]);
        assert_eq!(status, Some(1), "{text}");
        assert!(error.contains(what), "{error}");
    }
    let site = site(NHSO);
    let name = format!("F21_{UNIT_B}_20140116080000.zip");
    import(&site, now, &name, &archive(UNIT_B, &[("1", true)]));
    let (status, _, error) = site.run(&["--now", now, "forward", "nhos"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("did you mean nhso?"), "{error}");
}
