//! Rows with one thing wrong each: for every column every way in which it can
//! be wrong, and what can be wrong with a row as a whole.

use khlang::catalog::{Type, WireColumn};

use super::base::{STRANGER, SUB_UNIT, Sheet, id};
use super::oracle::Person;
use super::values::check_digit;

/// Rows of one person, or thing, with what is wrong in them.
pub struct Case {
    pub what: String,
    pub person: Person,
    pub rows: Vec<Vec<String>>,
    /// Fields more, or fewer, than the header has.
    pub ragged: i32,
}

/// All cases of a file; numbers from 1.
pub fn cases(sheet: &Sheet) -> Vec<Case> {
    let mut list = List { sheet, cases: Vec::new() };
    list.rows();
    for at in 0..sheet.columns.len() {
        for bad in values(sheet, at) {
            list.change(at, bad);
        }
        for check in sheet.columns[at].checks.clone() {
            if let Some(limit) = check.param.strip_suffix("|prefix:23|prefix:24") {
                list.repeat(at, limit.parse().unwrap());
            }
        }
    }
    list.cases
}

struct List<'s, 'c> {
    sheet: &'s Sheet<'c>,
    cases: Vec<Case>,
}

impl List<'_, '_> {
    fn add(&mut self, what: String) -> &mut Case {
        let number = self.cases.len() + 1;
        let person = Person { number, birth: "19800101", sex: "2", death: None };
        self.cases.push(Case { what, person, rows: vec![self.sheet.clean(number)], ragged: 0 });
        self.cases.last_mut().unwrap()
    }

    fn change(&mut self, at: usize, value: String) {
        let name = &self.sheet.columns[at].name;
        let case = self.add(format!("{name} = {value:?}"));
        case.rows[0][at] = value;
    }

    /// What can be wrong with a row, and with its person.
    fn rows(&mut self) {
        self.add("clean".to_owned());
        self.add("two fields too few".to_owned()).ragged = -2;
        self.add("two fields too many".to_owned()).ragged = 2;
        self.add("one trailing delimiter".to_owned()).ragged = 1;
        let twice = self.add("the same row twice".to_owned());
        twice.rows.push(twice.rows[0].clone());
        let at = self.sheet.distinct()[0];
        let corrected = self.add("rejected, then corrected, then sent again".to_owned());
        let good = corrected.rows[0].clone();
        corrected.rows.extend([good.clone(), good]);
        corrected.rows[0][at] = String::new();
        if self.sheet.record.person.is_some() && self.sheet.record.name != "PERSON" {
            self.add("born after the event".to_owned()).person.birth = "20131120";
            self.add("nine years old tomorrow".to_owned()).person.birth = "20041116";
            self.add("nine years old".to_owned()).person.birth = "20041115";
            self.add("sixty-one years old".to_owned()).person.birth = "19521115";
            self.add("sixty-one years old tomorrow".to_owned()).person.birth = "19521116";
            self.add("a man".to_owned()).person.sex = "1";
            if self.sheet.record.name != "DEATH" {
                self.add("dead before the event".to_owned()).person.death = Some("20131101");
                self.add("dead on the day".to_owned()).person.death = Some("20131115");
            }
        }
    }

    /// A code used as often as the check allows, once more, and twice more.
    fn repeat(&mut self, at: usize, limit: usize) {
        let visit = ["SEQ", "AN"].iter().find_map(|name| self.sheet.find(name)).unwrap();
        let case = self.add(format!("{limit} times the same dental procedure, and once more"));
        let mut row = case.rows[0].clone();
        "2387010".clone_into(&mut row[at]);
        case.rows = (1..=limit + 1)
            .map(|number| {
                row[visit] = id(number, 9);
                row.clone()
            })
            .collect();
        let case = self.add(format!("{limit} times the same other procedure"));
        let row = case.rows[0].clone();
        case.rows = (1..=limit)
            .map(|number| {
                let mut row = row.clone();
                row[visit] = id(number, 9);
                row
            })
            .collect();
    }
}

/// Values that a column should not have, and some that it may.
fn values(sheet: &Sheet, at: usize) -> Vec<String> {
    let column = sheet.columns[at];
    let clean = &sheet.clean(99_999)[at];
    let distinct = sheet.distinct().contains(&at) || column.name == "MPID";
    let mut out: Vec<String> = vec![String::new(), "   ".to_owned()];
    if !distinct {
        out.push(format!("  {clean} "));
    }
    let mut add = |texts: &[&str]| out.extend(texts.iter().map(|text| (*text).to_owned()));
    add(&["NULL", "\\N", "(null)", "<Null>", "n/a", "-"]);
    match column.kind {
        Type::Date => {
            add(&["25561115", "20131131", "20131202", "00000000", "20131301", "2013111x"]);
            if column.name != "BIRTH" {
                add(&["20131101", "20131031"]);
            }
        }
        Type::DateTime => {
            add(&["25561115093000", "20131115250000", "20131202000000", "20131115"]);
            add(&["20131201235959", "20131131093000"]);
        }
        Type::Time => add(&["250000", "0930", "096000"]),
        Type::Int | Type::Decimal => {
            add(&["x", "1,5", "0", "1.2345"]);
            out.push("9".repeat(column.width + 1));
            out.extend(outside_range(column));
        }
        Type::Char | Type::Digits | Type::Code => out.extend(texts(sheet, column, distinct)),
    }
    out
}

fn texts(sheet: &Sheet, column: &WireColumn, distinct: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if column.width > 0 {
        // Of digits, so that only the length is wrong where that is checked.
        out.push("1".repeat(column.width + 1));
        out.push("ก".repeat(column.width + 1));
    }
    if column.checks.iter().any(|c| c.kind == "width" || c.kind == "digits") {
        out.push("1".repeat(column.width.max(2) - 1));
        out.push("ก".repeat(column.width));
        out.push("A".repeat(column.width));
        out.push("9".repeat(column.width));
    }
    if column.checks.iter().any(|c| c.kind == "number") {
        out.extend(["x".to_owned(), "0".to_owned()]);
    }
    if !distinct && (column.list.is_some() || !column.checks.is_empty()) {
        out.push("~".repeat(column.width.clamp(1, 3)));
    }
    if distinct && sheet.record.person == Some(column.column) {
        out.push("NOBODY".to_owned());
    }
    if column.column == sheet.record.hospcode {
        out.extend(["99999", STRANGER, SUB_UNIT, "1067", "106700"].map(str::to_owned));
    }
    if column.list.as_deref() == Some("ext:icd10tm") {
        out.extend(["S099", "T149", "Z000", "a099", "A09.9", "a09.9"].map(str::to_owned));
        out.extend(["A0.99", "A09,B10", "ไข้", "A-99", "099"].map(str::to_owned));
    }
    if column.list.as_deref() == Some("ext:procedure") {
        out.extend(["99.99", "9.999", "99,99", "ถอนฟัน", "9"].map(str::to_owned));
    }
    if column.kind == Type::Digits {
        out.extend(["x", "๑", "1.5", "-1", "1 2"].map(str::to_owned));
    }
    if column.kind == Type::Code && !distinct {
        out.extend(["a b", "ไม่ทราบ", "?"].map(str::to_owned));
    }
    if column.list.as_deref() == Some("ext:hospcode") {
        out.push("00000".to_owned());
    }
    if column.name == "CID" {
        let zeros = format!("00345678901{}", "2");
        out.push(format!("{zeros}{}", check_digit(&zeros)));
        out.push("1234567890122".to_owned());
        out.push("123456789012".to_owned());
    }
    if column.kind == Type::Char && column.list.is_none() && column.checks.is_empty() && !distinct {
        out.push("\u{1}".to_owned());
        out.push("\u{7f}".to_owned());
    }
    out
}

fn outside_range(column: &WireColumn) -> Vec<String> {
    let Some((low, high)) = column.range.as_ref().and_then(|range| range.split_once("..")) else {
        return Vec::new();
    };
    let step = |text: &str, by: f64| (text.parse::<f64>().unwrap() + by).to_string();
    let mut out = vec![step(low, -0.5), step(low, -1.0), low.to_owned()];
    if !high.is_empty() {
        out.extend([high.to_owned(), step(high, 1.0)]);
    }
    out
}
