//! What real senders write: line ends, headers, leftovers of programs, other
//! numbers of columns, other separators. Each was once refused, or told wrong.

mod encoding;
mod headers;
mod layouts;
mod leftovers;

use khlang::submission::{Problem, Submission};

use crate::support::case::zipped;
use crate::support::lab::Lab;

const F43: &str = "F43_10670_20140131080000.zip";
const F21: &str = "F21_10670_20140131080000.zip";

const PERSON: &str = "HOSPCODE|CID|PID|HID|PRENAME|NAME|LNAME|HN|SEX|BIRTH|MSTATUS|OCCUPATION_OLD|OCCUPATION_NEW|RACE|\
    NATION|RELIGION|EDUCATION|FSTATUS|FATHER|MOTHER|COUPLE|VSTATUS|MOVEIN|DISCHARGE|DDISCHARGE|ABOGROUP|RHGROUP|LABOR|\
    PASSPORT|TYPEAREA|D_UPDATE";
const SERVICE: &str = "HOSPCODE|PID|HN|SEQ|DATE_SERV|TIME_SERV|LOCATION|INTIME|INSTYPE|INSID|MAIN|TYPEIN|REFERINHOSP|\
    CAUSEIN|CHIEFCOMP|SERVPLACE|BTEMP|SBP|DBP|PR|RR|TYPEOUT|REFEROUTHOSP|CAUSEOUT|COST|PRICE|PAYPRICE|ACTUALPAY|D_UPDATE";
const DIAGNOSIS: &str = "HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|CLINIC|PROVIDER|D_UPDATE";

fn person(pid: u32) -> String {
    format!(
        "10670|1234567890121|{pid}||003|สมมติ|หนึ่ง|1|1|19700102|2|001|6111|099|099|01|02||||||20130101|9||1|1|||1|20140130080000"
    )
}

fn service(seq: u32) -> String {
    format!(
        "10670|1|1|{seq}|20140120|083000|1|1|0100||10670|1|||ปวดหัว|1|36.5|120|80|80|20|1|||50.00|50.00|0.00|0.00|20140130080000"
    )
}

fn diagnosis(seq: u32) -> String {
    format!("10670|1|{seq}|20140120|1|J00|00100|P1|20140130080000")
}

/// A person with two visits, in lines.
fn visits() -> [(&'static str, Vec<String>); 3] {
    [
        ("PERSON.txt", vec![PERSON.to_owned(), person(1)]),
        ("SERVICE.txt", vec![SERVICE.to_owned(), service(1), service(2)]),
        ("DIAGNOSIS_OPD.txt", vec![DIAGNOSIS.to_owned(), diagnosis(1), diagnosis(2)]),
    ]
}

fn load(name: &str, members: &[(&str, Vec<u8>)]) -> Submission {
    Lab::new().load(name, &zipped(members))
}

/// The only member of an archive.
fn load_one(name: &str, member: &str, bytes: impl Into<Vec<u8>>) -> Submission {
    load(name, &[(member, bytes.into())])
}

/// Code, member, line and detail.
fn told(problems: &[Problem]) -> Vec<(&str, &str, u64, &str)> {
    problems
        .iter()
        .map(|p| {
            let member = p.member.as_deref().unwrap_or("");
            (p.code.as_str(), member, p.line.unwrap_or(0), p.detail.as_str())
        })
        .collect()
}

/// The notes about lines: code, member, line and detail.
fn notes(submission: &Submission) -> Vec<(&str, &str, u64, &str)> {
    let mut notes = told(&submission.notes);
    notes.retain(|(code, ..)| code.starts_with("N1"));
    notes
}

/// File, received and accepted.
fn counts(submission: &Submission) -> Vec<(&str, u64, u64)> {
    let files = submission.files.iter();
    files.map(|f| (f.file.as_str(), f.counts.received, f.counts.accepted)).collect()
}
