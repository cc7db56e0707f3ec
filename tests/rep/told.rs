//! What the units are told of what came back of their rows.

use std::fs;

use super::{BACK, back, json, sent};
use crate::support::site::UNIT_B;

#[test]
fn each_unit_gets_what_was_passed_refused_and_earned_and_what_to_mend() {
    let (site, name) = sent(&[("1", true), ("2", true), ("3", true)], true);
    let text = format!(
        "ARCHIVE,FILE,LINE,CODE,POINT\n{name},EPI,2,EP1105,\n{name},EPI,3,Z999,\n{name},EPI,4,,1.50\n"
    );
    back(&site, "rep.csv", &text);
    let sent = json(&site, BACK, &["rep", "send", "1"]);
    let files: Vec<&str> = sent["units"][UNIT_B]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap())
        .collect();
    let base = format!("outbox/{UNIT_B}/REP_{UNIT_B}_201401_1");
    assert_eq!(files, [".rep.csv", ".rep.xlsx", ".rep.html"].map(|end| format!("{base}{end}")));
    let read = |file: &str| fs::read(site.at(file)).unwrap();
    let csv = String::from_utf8(read(files[0])).unwrap();
    assert!(csv.starts_with('\u{feff}'), "{csv}");
    let line = csv.lines().find(|line| line.contains("EP1105")).unwrap();
    assert!(line.contains(&format!("F21_{UNIT_B}_20140116080000.zip,EPI,2,{UNIT_B}|1|")), "{line}");
    let unknown = csv.lines().find(|line| line.contains("Z999")).unwrap();
    assert!(unknown.contains("ไม่มีในรายการของเรา"), "{unknown}");
    assert!(csv.contains("EPI,3,1,2,1.50"), "{csv}");
    let html = String::from_utf8(read(files[2])).unwrap();
    assert!(html.contains("แจ้งจังหวัดให้ปลดแถวนี้ก่อน"), "{html}");
    assert!(!csv.contains("1234567890121"), "no citizen ID");

    // Again: the same bytes. After freeing it says that a corrected row may come.
    let before: Vec<Vec<u8>> = files.iter().map(|file| read(file)).collect();
    json(&site, "2014-02-01T08:00:00+07:00", &["rep", "send", "1"]);
    assert_eq!(before, files.iter().map(|file| read(file)).collect::<Vec<_>>());
    json(&site, BACK, &["rep", "free", "1", "--reason", "x"]);
    json(&site, BACK, &["rep", "send", "1"]);
    let csv = String::from_utf8(read(files[0])).unwrap();
    assert!(csv.contains("แก้แล้วส่งใหม่ได้"), "{csv}");
}

#[test]
fn a_code_that_is_no_unit_gets_no_folder_and_is_named() {
    let (site, name) = sent(&[("1", true)], true);
    let text =
        format!("ARCHIVE,FILE,LINE,HCODE,PID,CODE\n{name},EPI,2,,,EP1105\n,EPI,,99999,1,EP1105\n");
    back(&site, "rep.csv", &text);
    let told = json(&site, BACK, &["rep", "send", "1"]);
    assert_eq!(told["no_units"], serde_json::json!(["99999"]), "{told}");
    assert_eq!(told["units"].as_object().unwrap().keys().collect::<Vec<_>>(), [UNIT_B]);
    assert!(!site.at("outbox/99999").exists());
    let (status, out, error) = site.run(&["--now", BACK, "rep", "send", "1"]);
    assert_eq!(status, Some(0), "{error}");
    assert!(out.contains("99999"), "{out}");
}
