//! Every row of what was sent on is found again, by its line and by its key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;

use rusqlite::Connection;
use serde_json::Value as Json;

use super::{BACK, CAME, SENT, archive, back, import, json, lines, sent, site};
use crate::support::site::{Site, UNIT_B};

/// The members of an archive that was sent on, by file.
fn members(site: &Site, batch: &Json) -> BTreeMap<String, BTreeMap<String, String>> {
    let folder = site.at(batch["folder"].as_str().unwrap());
    let mut all = BTreeMap::new();
    for archive in batch["archives"].as_array().unwrap() {
        let name = archive["name"].as_str().unwrap().to_owned();
        let file = std::fs::File::open(folder.join(&name)).unwrap();
        let mut zip = zip::ZipArchive::new(file).unwrap();
        let of: &mut BTreeMap<String, String> = all.entry(name).or_default();
        for index in 0..zip.len() {
            let mut member = zip.by_index(index).unwrap();
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            let name = member.name().unwrap().into_owned();
            of.insert(name.trim_end_matches(".txt").to_owned(), text);
        }
    }
    all
}

/// Each stored row of a file: submission and line, with the text of its line
/// in the archive that was sent on.
fn stored(site: &Site, record: &str) -> BTreeMap<(i64, i64), String> {
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    let sql = format!("SELECT SUBMISSION, LINE, HOSPCODE || '|' || PID FROM \"{record}\"");
    let mut query = conn.prepare(&sql).unwrap();
    let rows = query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Days of archives with and without headers, rejected rows, a corrected row,
/// a duplicate and one that is taken back after it was sent.
fn days(site: &Site) -> Vec<Json> {
    let of = |day: u32, pids: &[(&str, bool)], header: bool| {
        let name = format!("F21_{UNIT_B}_201401{day:02}080000.zip");
        import(site, CAME, &name, &archive(pids, header));
    };
    of(11, &[("1", true), ("002", false), ("3", true)], true);
    of(12, &[("002", true), ("4", true), ("1", true)], true);
    of(13, &[("5", false), ("6", true), ("07", true)], false);
    let first = json(site, SENT, &["forward", "nhso"])[0]["batches"].clone();
    of(14, &[("5", true), ("8", true)], false);
    let later = "2014-01-19T08:00:00+07:00";
    let second = json(site, later, &["forward", "nhso"])[0]["batches"].clone();
    [first, second].iter().flat_map(|all| all.as_array().unwrap().clone()).collect()
}

#[test]
fn every_row_that_was_sent_on_is_found_by_its_line_and_by_its_key() {
    let site = site();
    let (mut by_line, mut by_key) = (String::new(), String::new());
    let mut rows = 0;
    for batch in days(&site) {
        for (archive, files) in members(&site, &batch) {
            for (file, text) in files {
                let header = usize::from(text.starts_with("PCUCODE"));
                for (at, line) in text.lines().enumerate().skip(header) {
                    let values: Vec<&str> = line.split('|').collect();
                    // In any case, with and without its ending, in a folder.
                    let told = match rows % 3 {
                        0 => archive.clone(),
                        1 => archive.to_lowercase(),
                        _ => format!("รับ/{}", archive.trim_end_matches(".zip")),
                    };
                    writeln!(by_line, "{told},{file},{},,,,", at + 1).unwrap();
                    let [pid, seq] =
                        if file == "EPI" { [1, 2] } else { [2, 2] }.map(|at| values[at]);
                    let (day, seq) = if file == "EPI" { (values[3], seq) } else { ("", "") };
                    writeln!(by_key, ",{file},,{UNIT_B},{pid},{seq},{day}").unwrap();
                    rows += 1;
                }
            }
        }
    }
    let header = "ARCHIVE,FILE,LINE,HCODE,PID,SEQ,DATE_SERV,CODE\n";
    let with_code = |text: &str| text.replace('\n', ",\n");
    for (name, text, how) in [("line.csv", by_line, "line"), ("key.csv", by_key, "key")] {
        let told = back(&site, name, &format!("{header}{}", with_code(&text)));
        assert_eq!(told["rows"], rows, "{told}");
        assert_eq!(
            told["unmatched"],
            0,
            "{told}: {:#?}",
            lines(&site, told["rep"].as_u64().unwrap())
        );
        let found = lines(&site, told["rep"].as_u64().unwrap());
        for record in ["PERSON", "EPI"] {
            let own = stored(&site, record);
            let of: BTreeMap<(i64, i64), String> = found
                .iter()
                .filter(|line| line["record"] == record)
                .map(|line| {
                    assert_eq!(line["matched"], how, "{line}");
                    let key: Vec<&str> = line["key"].as_str().unwrap().split('|').collect();
                    let place = ["submission", "line"].map(|key| line[key].as_i64().unwrap());
                    (place.into(), format!("{}|{}", key[0], key[1]))
                })
                .collect();
            assert_eq!(of, own, "{name}: each stored row of {record}, and no other");
        }
    }
    site.assert_verified();
}

#[test]
fn a_line_that_was_counted_in_another_way_is_found_by_its_key() {
    let (site, archive) = sent(&[("1", true), ("2", true)], true);
    // Without the header: what they call line 1 is ours 2.
    let text = format!(
        "ARCHIVE,FILE,LINE,HCODE,PID,SEQ,CODE\n{archive},EPI,2,{UNIT_B},2,{},EP1\n",
        super::seq("2")
    );
    back(&site, "rep.csv", &text);
    let line = &lines(&site, 1)[0];
    assert_eq!((&line["matched"], &line["line"]), (&"key".into(), &4.into()), "{line}");
}

#[test]
fn what_cannot_be_told_for_certain_is_nobodys_and_listed_with_why() {
    let (site, archive) = sent(&[("1", true), ("2", false)], true);
    let text = format!(
        "ARCHIVE,FILE,LINE,HCODE,PID,CODE\n\
         {archive},EPI,99,,,E1\nF21_X_1.zip,EPI,2,,,E2\n,NOFILE,,,,E3\n,EPI,,,,E4\n\
         ,EPI,,{UNIT_B},9,E5\n,SERVICE,,{UNIT_B},1,E6\n"
    );
    let told = back(&site, "rep.csv", &text);
    assert_eq!(told["unmatched"], 6, "{told}");
    let why: Vec<String> =
        lines(&site, 1).iter().map(|line| line["why"].as_str().unwrap().to_owned()).collect();
    let wanted = ["not_sent", "not_sent", "no_file", "no_key", "not_stored", "not_stored"];
    assert_eq!(why, wanted);
}

#[test]
fn a_row_that_was_rejected_here_and_passed_there_is_told() {
    let (site, _) = sent(&[("1", true), ("2", false)], true);
    let conn = Connection::open(site.at("khlang.db")).unwrap();
    let own: String = conn
        .query_row("SELECT key FROM finding WHERE file = 'EPI' LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert!(own.starts_with(&format!("{UNIT_B}|2|")), "{own}");
    back(&site, "rep.csv", &format!("FILE,KEY,HCODE,CODE,RESULT\nEPI,{own},{UNIT_B},,A\n"));
    let shown = json(&site, BACK, &["rep", "show", "1"]);
    assert_eq!(shown["sums"][0]["passed_there_only"], 1, "{shown}");
    assert_eq!(shown["sums"][0]["accepted"], 0, "{shown}");
}

#[test]
fn a_later_answer_goes_before_an_earlier_one() {
    let (site, archive) = sent(&[("1", true)], true);
    let text = |code: &str| format!("ARCHIVE,FILE,LINE,CODE\n{archive},EPI,2,{code}\n");
    back(&site, "one.csv", &text("EP1105"));
    back(&site, "two.csv", &text(""));
    let told = super::refused(&site, BACK, &["rep", "free", "1", "--reason", "x"]);
    assert!(told.contains("nothing to free"), "{told}");
    let told = super::refused(&site, BACK, &["rep", "free", "2", "--reason", "x"]);
    assert!(told.contains("nothing to free"), "{told}");
}
