//! Rows that wait for their partner while a unit changes its program.

use serde_json::{Value as Json, json as j};

use super::{json, members, sent, site};
use crate::support::site::{Site, UNIT_B};

const PERSON: &str = "PCUCODE|CID|PID|NAME|SEX|BIRTH|TYPEAREA|D_UPDATE";
const SERVICE: &str =
    "PCUCODE|PID|SEQ|DATE_SERV|LOCATE|PTTYPE|INTIME|PRICE|INSTYPE|PAY|REFERIN|REFEROUT|D_UPDATE";
const DIAG: &str = "PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE";

/// The rows of a DIAG as a program writes it: by SEQ and code.
type Program = fn(&[(&str, &str)]) -> String;

fn usual(rows: &[(&str, &str)]) -> String {
    let line = |(seq, code): &(&str, &str)| {
        format!("{UNIT_B}|1|{seq}|20130910|1|{code}|20130910120000\r\n")
    };
    format!("{DIAG}\r\n{}", rows.iter().map(line).collect::<String>())
}

/// Without the last line end, and with the mark of old systems.
fn ctrl_z(rows: &[(&str, &str)]) -> String {
    format!("{}\x1a", usual(rows).trim_end())
}

/// The same columns, otherwise spelt.
fn spelt_otherwise(rows: &[(&str, &str)]) -> String {
    usual(rows).replace(DIAG, &DIAG.to_lowercase()).replace("\r\n", "\n")
}

/// Another order of columns.
fn turned(rows: &[(&str, &str)]) -> String {
    let line = |(seq, code): &(&str, &str)| {
        format!("{UNIT_B}|1|{seq}|20130910|{code}|1|20130910120000\r\n")
    };
    let header = "PCUCODE|PID|SEQ|DATE_SERV|DIAGCODE|DIAGTYPE|D_UPDATE";
    format!("{header}\r\n{}", rows.iter().map(line).collect::<String>())
}

/// Sends visits and diagnoses on a day, and sends on what can be; gives what
/// came of the latter.
fn send(site: &Site, day: &str, visits: &[&str], diag: &str) -> Json {
    let now = format!("{day}T12:00:00+07:00");
    let name = format!("F21_{UNIT_B}_{}080000.zip", day.replace('-', ""));
    let visit = |seq: &&str| {
        format!("{UNIT_B}|1|{seq}|20130910|1|1|1|100.00|0100|0.00|0|0|20130910120000\r\n")
    };
    let visits = format!("{SERVICE}\r\n{}", visits.iter().map(visit).collect::<String>());
    let person = format!("{UNIT_B}|1234567890121|1|ก|1|19800101|1|20130910120000");
    let person = format!("{PERSON}\r\n{person}\r\n");
    let files = [("PERSON.txt", person), ("SERVICE.txt", visits), ("DIAG.txt", diag.to_owned())];
    let became = super::import(site, &now, &name, &files);
    assert_eq!(became["status"], "accepted", "{became}");
    json(site, &now, &["forward"])
}

fn diag_of(site: &Site) -> Vec<String> {
    let all = sent(site, "nhso");
    let diag = all.values().filter_map(|path| members(path).remove("DIAG.txt"));
    diag.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
}

/// Whatever spells the header, and whatever stands behind the last row.
#[test]
fn a_waiting_row_joins_rows_of_the_same_columns() {
    for (program, what) in [(usual as Program, "as usual"), (ctrl_z, "with a Ctrl-Z")] {
        let site = site("[[forward]]\nname = \"nhso\"\n");
        send(&site, "2013-09-11", &["1", "2"], &usual(&[("1", "J00"), ("2", "ไข้")]));
        send(&site, "2013-09-12", &["1", "2"], &program(&[("1", "J00"), ("2", "R509")]));
        let third = send(&site, "2013-09-13", &["3"], &spelt_otherwise(&[("3", "J00")]));
        assert_eq!(third[0]["waiting"], j!([]), "{what}: {third}");
        let all = diag_of(&site);
        let row = |seq, code| format!("{UNIT_B}|1|{seq}|20130910|1|{code}|20130910120000");
        let wanted = format!("{DIAG}\r\n{}\r\n{}\n", row(2, "R509"), row(3, "J00"));
        assert_eq!(all.last(), Some(&wanted), "{what}");
    }
}

#[test]
fn rows_of_another_program_do_not_wait_for_ever() {
    let site = site("[[forward]]\nname = \"nhso\"\n");
    // The second visit has no diagnosis that is accepted; it is corrected the day
    // after, and then the unit changes its program.
    send(&site, "2013-09-11", &["1", "2"], &usual(&[("1", "J00"), ("2", "ไข้")]));
    let second = send(&site, "2013-09-12", &["1", "2"], &usual(&[("1", "J00"), ("2", "R509")]));
    assert_eq!(second[0]["waiting"][0]["why"], "partner", "{second}");
    let third = send(&site, "2013-09-13", &["3"], &turned(&[("3", "J00")]));
    assert_eq!(third[0]["waiting"][0]["why"], "form", "{third}");
    assert_eq!(third[0]["batches"][0]["rows"], 2, "{third}");
    let status = json(&site, "2013-09-13T13:00:00+07:00", &["forward", "status"]);
    assert_eq!(status[0]["waiting"][0]["why"], "form", "{status}");
    // After two weeks they go in the place of newer rows, which go with the next.
    let fourth = send(&site, "2013-09-27", &["4"], &turned(&[("4", "J00")]));
    assert_eq!(fourth[0]["waiting"][0]["submission"], 4, "{fourth}");
    let fifth = send(&site, "2013-09-28", &["5"], &turned(&[("5", "J00")]));
    assert_eq!(fifth[0]["waiting"], j!([]), "{fifth}");
    let all = diag_of(&site);
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all[2].contains("|R509|") && all[2].starts_with(DIAG), "{all:?}");
    assert_eq!(all[3].lines().count(), 3, "{all:?}");
    // Somebody else takes all of it.
    let there = Site::new();
    for path in sent(&site, "nhso").values() {
        let at = ["--now", "2013-09-28T13:00:00+07:00", "import", "--json"];
        let (status, out, error) = there.run(&[&at[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(status, Some(0), "{error}");
        let became: Json = serde_json::from_str(&out).unwrap();
        assert_eq!(became[0]["problems"], j!([]), "{became}");
        for file in became[0]["files"].as_array().unwrap() {
            assert_eq!(file["received"], file["accepted"], "{became}");
        }
    }
    site.assert_verified();
}

/// A fiscal year ends while a row waits: it joins, for its files have the same
/// checks in both.
#[test]
fn rows_join_across_a_fiscal_year_with_the_same_checks() {
    let site = site("[[forward]]\nname = \"nhso\"\n");
    send(&site, "2013-09-29", &["1", "2"], &usual(&[("1", "J00"), ("2", "ไข้")]));
    send(&site, "2013-09-30", &["1", "2"], &usual(&[("1", "J00"), ("2", "R509")]));
    let third = send(&site, "2013-10-02", &["3"], &usual(&[("3", "J00")]));
    assert_eq!(third[0]["waiting"], j!([]), "{third}");
    assert_eq!(third[0]["batches"][0]["rows"], 3, "{third}");
}
