//! Receipts: what the sender gets back, as JSON, as text (Thai, then English)
//! and as a table of findings.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike};
use rustc_hash::FxHashMap;

use crate::catalog::Severity;
use crate::clock::BUDDHIST_ERA;
use crate::printable::line;
use crate::report::{csv, findings, plain};
use crate::submission::{Problem, Status, Submission, Texts};
use crate::text::{self, Lang};

/// The endings of a receipt's files, after the archive's name.
pub const ENDINGS: [&str; 3] = [".receipt.json", ".receipt.txt", ".findings.csv"];

/// Findings shown in the text; the table has them all.
const SHOWN: usize = 50;

/// The three files of a receipt, in the order of [`ENDINGS`].
pub fn files(submission: &Submission) -> [Vec<u8>; 3] {
    [json(submission), text(submission).into_bytes(), findings_csv(submission)]
}

/// The submission as JSON, in one line.
fn json(s: &Submission) -> Vec<u8> {
    let whole = s.with_findings(findings::json_list(&s.findings));
    let mut json = serde_json::to_vec(&whole).expect("texts and numbers");
    json.push(b'\n');
    json
}

/// All findings kept, and the problems, as a table.
pub fn findings_csv(s: &Submission) -> Vec<u8> {
    let problems = s.problems.iter().map(|p| {
        [
            Cow::from(&p.code),
            Cow::from(severity_of(p).as_str()),
            Cow::from(p.member.as_deref().unwrap_or("")),
            Cow::from(p.line.map_or(String::new(), |line| line.to_string())),
            Cow::from(""),
            Cow::from(&p.detail),
            Cow::from(""),
            Cow::from(&p.texts.th),
            Cow::from(&p.texts.fix_th),
            Cow::from(&p.texts.en),
            Cow::from(&p.texts.fix_en),
        ]
    });
    let mut table = csv::table(&findings::HEADER, problems);
    findings::csv_lines(&s.findings, &mut table);
    table
}

/// An archive that is broken is refused as a whole, also when one of its
/// members is named.
fn severity_of(problem: &Problem) -> Severity {
    if problem.code.starts_with('A') { Severity::Archive } else { Severity::Member }
}

/// The receipt for people: Thai, then English.
pub fn text(s: &Submission) -> String {
    let mut out = String::new();
    for thai in [true, false] {
        one_language(&mut out, s, thai);
        if thai {
            out.push_str("\n----------------------------------------\n\n");
        }
    }
    plain(&out)
}

/// The receipt in one language.
pub fn one(s: &Submission, thai: bool) -> String {
    let mut out = String::new();
    one_language(&mut out, s, thai);
    plain(&out)
}

fn pick(key: &str, thai: bool) -> &'static str {
    text::text(key).pick(if thai { Lang::Th } else { Lang::En })
}

fn one_language(out: &mut String, s: &Submission, thai: bool) {
    let pick = |key: &str| pick(key, thai);
    let number = s.id.map_or(String::new(), |id| format!(" #{id}"));
    let _ = writeln!(out, "{}{number}", pick("receipt.receipt"));
    let _ = writeln!(out, "{}: {}", pick("receipt.archive"), line(&s.archive));
    let _ = writeln!(out, "SHA-256: {} ({} bytes)", s.sha256, s.bytes);
    let _ = writeln!(out, "{}: {}", pick("receipt.received"), when(&s.received_at, thai));
    let _ = writeln!(out, "{}: {}", pick("receipt.outcome"), outcome(s.status, thai));
    for problem in &s.problems {
        let _ = writeln!(out, "- {}", of_problem(problem, thai));
    }
    if !s.files.is_empty() {
        let _ =
            writeln!(out, "\n{}", pick("receipt.file_received_accepted_duplicate_rejected_warned"));
    }
    for file in &s.files {
        let c = &file.counts;
        let _ = writeln!(
            out,
            "  {}: {} = {} + {} + {} ({}, {})",
            file.file, c.received, c.accepted, c.duplicate, c.rejected, c.warned, c.on_time
        );
    }
    codes(out, s, thai);
    some_findings(out, s, thai);
    for note in &s.notes {
        let _ = writeln!(out, "* {}", of_problem(note, thai));
    }
}

/// Each code with how often it was given, and what to do about it.
fn codes(out: &mut String, s: &Submission, thai: bool) {
    if s.findings_total.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", pick("receipt.findings_by_code", thai));
    let mut texts: FxHashMap<&str, &Texts> = FxHashMap::default();
    for finding in &s.findings {
        texts.entry(&finding.code).or_insert(&finding.texts);
    }
    for ((code, severity), total) in &s.severities {
        let (what, fix) = texts.get(code.as_str()).map_or(("", ""), |t| {
            if thai {
                (t.th.as_str(), t.fix_th.as_str())
            } else {
                (t.en.as_str(), t.fix_en.as_str())
            }
        });
        let severity = word(*severity, thai);
        let _ = writeln!(out, "  {code} ({severity}) × {total}: {what} {fix}");
    }
}

fn some_findings(out: &mut String, s: &Submission, thai: bool) {
    if s.findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", pick("receipt.rows", thai));
    for f in s.findings.iter().take(SHOWN) {
        let field = f.field.as_deref().unwrap_or("-");
        let value: String = f.value.chars().take(80).collect();
        let (code, severity) = (&f.code, word(f.severity, thai));
        let (value, key) = (line(&value), line(&f.key));
        let _ =
            writeln!(out, "  {code} ({severity}) {} {}: {field} = {value} [{key}]", f.file, f.line);
    }
    if s.findings.len() > SHOWN || s.findings_cut {
        let more = pick("receipt.whole_list", thai);
        let cut = if s.findings_cut { pick("receipt.cut", thai) } else { "" };
        let _ = writeln!(out, "  … {more}{cut}");
    }
}

fn of_problem(p: &Problem, thai: bool) -> String {
    let (what, fix) =
        if thai { (&p.texts.th, &p.texts.fix_th) } else { (&p.texts.en, &p.texts.fix_en) };
    let member = p.member.as_ref().map_or(String::new(), |member| format!(" {}", line(member)));
    let at = p.line.map_or(String::new(), |line| format!(":{line}"));
    let nearest = p.nearest.as_ref().map_or(String::new(), |near| format!(" → {near}?"));
    let about = format!("{}{nearest}", line(&p.detail));
    format!("{}{member}{at} {what} ({about}) {fix}", p.code).trim_end().to_owned()
}

/// How bad a finding is, for people.
fn word(severity: Severity, thai: bool) -> &'static str {
    let key = match severity {
        Severity::Note => "receipt.severity_note",
        Severity::Warning => "receipt.severity_warning",
        Severity::Archive => "receipt.severity_archive",
        Severity::Member => "receipt.severity_member",
        Severity::Error => "receipt.severity_error",
    };
    pick(key, thai)
}

fn outcome(status: Status, thai: bool) -> &'static str {
    let key = match status {
        Status::Accepted => "receipt.accepted",
        Status::Partial => "receipt.partial",
        Status::Broken => "receipt.broken",
        Status::Void => "receipt.void",
    };
    pick(key, thai)
}

/// A time for people: B.E. in Thai, C.E. in English.
fn when(rfc3339: &str, thai: bool) -> String {
    let Ok(time) = DateTime::parse_from_rfc3339(rfc3339) else { return rfc3339.to_owned() };
    let year = time.year() + if thai { BUDDHIST_ERA } else { 0 };
    format!("{} {year} {}", time.format("%d/%m"), time.format("%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receipt_is_the_submission_as_json() {
        let given = r#"{"id":7,"archive":"\"findings\":[],.zip","sha256":"0","bytes":1,
            "standard":null,"hcode":null,"sent_at":null,"received_at":"2014-06-01T08:00:00+07:00",
            "round":2557,"status":"accepted","problems":[],"files":[],"findings":[
            {"code":"SE1105","severity":"error","file":"SERVICE","line":17,"field":"DATE_SERV",
            "value":"\"25560101","key":"1|2","th":"ก","en":"a\\b"},
            {"code":"SE9299","severity":"error","file":"SERVICE","line":18,"field":null,
            "value":"","key":"1|3","th":"ก","en":"","mend_th":"ข","mend_en":"c"}],
            "findings_total":{"SE1105":1,"SE9299":1},"findings_cut":false,"notes":[],
            "void":{"at":"a","by":"b","reason":"\"findings\":[]","rows":2}}"#;
        for findings in [2, 0] {
            let mut s: Submission = serde_json::from_str(given).unwrap();
            s.findings.truncate(findings);
            let whole = serde_json::to_string(&s).unwrap() + "\n";
            assert_eq!(String::from_utf8(json(&s)).unwrap(), whole);
        }
    }
}
