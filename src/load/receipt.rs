//! Receipts: what the sender gets back, as JSON, as text (Thai, then English)
//! and as a table of findings.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike};

use crate::clock::BUDDHIST_ERA;
use crate::report::{csv, findings, plain};
use crate::submission::{Problem, Status, Submission};

/// The endings of a receipt's files, after the archive's name.
pub const ENDINGS: [&str; 3] = [".receipt.json", ".receipt.txt", ".findings.csv"];

/// Findings shown in the text; the table has them all.
const SHOWN: usize = 50;

/// The three files of a receipt, in the order of [`ENDINGS`].
pub fn files(submission: &Submission) -> [Vec<u8>; 3] {
    let mut json = serde_json::to_vec(submission).unwrap_or_default();
    json.push(b'\n');
    [json, text(submission).into_bytes(), findings_csv(submission)]
}

/// All findings kept, and the problems, as a table.
pub fn findings_csv(s: &Submission) -> Vec<u8> {
    let problems = s.problems.iter().map(|p| {
        [
            Cow::from(&p.code),
            Cow::from(if p.member.is_some() { "member" } else { "archive" }),
            Cow::from(p.member.as_deref().unwrap_or("")),
            Cow::from(p.line.map_or(String::new(), |line| line.to_string())),
            Cow::from(""),
            Cow::from(&p.detail),
            Cow::from(""),
            Cow::from(&p.texts.th),
            Cow::from(&p.texts.mend_th),
            Cow::from(&p.texts.en),
            Cow::from(&p.texts.mend_en),
        ]
    });
    let findings = s.findings.iter().map(findings::row);
    csv::table(&findings::HEADER, problems.chain(findings))
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

fn one_language(out: &mut String, s: &Submission, thai: bool) {
    let pick = |th: &'static str, en: &'static str| if thai { th } else { en };
    let number = s.id.map_or(String::new(), |id| format!(" #{id}"));
    let _ = writeln!(out, "{}{number}", pick("ใบรับไฟล์", "Receipt"));
    let _ = writeln!(out, "{}: {}", pick("ไฟล์", "Archive"), s.archive);
    let _ = writeln!(out, "SHA-256: {} ({} bytes)", s.sha256, s.bytes);
    let _ = writeln!(out, "{}: {}", pick("รับเมื่อ", "Received"), when(&s.received_at, thai));
    let _ = writeln!(out, "{}: {}", pick("ผล", "Outcome"), outcome(s.status, thai));
    for problem in &s.problems {
        let _ = writeln!(out, "- {}", of_problem(problem, thai));
    }
    if !s.files.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            pick(
                "แฟ้ม: ส่งมา = รับไว้ + ซ้ำ + ไม่รับ (มีคำเตือน, ทันเวลา)",
                "File: received = accepted + duplicate + rejected (warned, on time)"
            )
        );
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
    findings(out, s, thai);
    for note in &s.notes {
        let _ = writeln!(out, "* {}", of_problem(note, thai));
    }
}

/// Each code with how often it was given, and what to do about it.
fn codes(out: &mut String, s: &Submission, thai: bool) {
    if s.findings_total.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{}",
        if thai {
            "ข้อผิดพลาดตามรหัส"
        } else {
            "Findings by code"
        }
    );
    for (code, total) in &s.findings_total {
        let texts = s.findings.iter().find(|f| *f.code == **code).map(|f| &f.texts);
        let (what, mend) = texts.map_or(("", ""), |t| {
            if thai {
                (t.th.as_str(), t.mend_th.as_str())
            } else {
                (t.en.as_str(), t.mend_en.as_str())
            }
        });
        let _ = writeln!(out, "  {code} × {total}: {what} {mend}");
    }
}

fn findings(out: &mut String, s: &Submission, thai: bool) {
    if s.findings.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{}",
        if thai {
            "แถวที่พบ (แฟ้ม บรรทัด ช่อง = ค่า [คีย์])"
        } else {
            "Rows (file, line, field = value [key])"
        }
    );
    for f in s.findings.iter().take(SHOWN) {
        let field = f.field.as_deref().unwrap_or("-");
        let value: String = f.value.chars().take(80).collect();
        let _ = writeln!(out, "  {} {} {}: {field} = {value} [{}]", f.code, f.file, f.line, f.key);
    }
    if s.findings.len() > SHOWN || s.findings_cut {
        let more = if thai {
            "รายการทั้งหมดอยู่ในไฟล์ .findings.csv"
        } else {
            "The whole list is in the .findings.csv file"
        };
        let cut = match (s.findings_cut, thai) {
            (false, _) => "",
            (true, true) => " (ตัดรายการเมื่อเกินเพดาน ยอดรวมตามรหัสยังครบถ้วน)",
            (true, false) => " (cut at the cap; the totals by code are exact)",
        };
        let _ = writeln!(out, "  … {more}{cut}");
    }
}

fn of_problem(p: &Problem, thai: bool) -> String {
    let (what, mend) =
        if thai { (&p.texts.th, &p.texts.mend_th) } else { (&p.texts.en, &p.texts.mend_en) };
    let member = p.member.as_ref().map_or(String::new(), |member| format!(" {member}"));
    let line = p.line.map_or(String::new(), |line| format!(":{line}"));
    let nearest = p.nearest.as_ref().map_or(String::new(), |near| format!(" → {near}?"));
    let about = format!("{}{nearest}", p.detail);
    format!("{}{member}{line} {what} ({about}) {mend}", p.code).trim_end().to_owned()
}

fn outcome(status: Status, thai: bool) -> &'static str {
    match (status, thai) {
        (Status::Accepted, true) => "รับไว้แล้ว (accepted)",
        (Status::Partial, true) => "รับไว้บางแฟ้ม (partial)",
        (Status::Broken, true) => "ไฟล์เสีย ไม่รับ (broken)",
        (Status::Void, true) => "ยกเลิกแล้ว (void)",
        (Status::Accepted, false) => "accepted",
        (Status::Partial, false) => "partial: some files were not taken",
        (Status::Broken, false) => "broken: nothing was taken",
        (Status::Void, false) => "void: taken back",
    }
}

/// A time for people: B.E. in Thai, C.E. in English.
fn when(rfc3339: &str, thai: bool) -> String {
    let Ok(time) = DateTime::parse_from_rfc3339(rfc3339) else { return rfc3339.to_owned() };
    let year = time.year() + if thai { BUDDHIST_ERA } else { 0 };
    format!("{} {year} {}", time.format("%d/%m"), time.format("%H:%M:%S"))
}
