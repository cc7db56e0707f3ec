//! Every fault that a row of a file can have, read from the catalogue: what to
//! do to a good row, and which codes it must then get.
//!
//! Each fault is exact. Where one slip has consequences by the contract (an
//! unknown unit also has no persons), all its codes are expected.

use super::spec::Spec;
use crate::catalog::{Catalog, CheckSpec, Severity, Type, WireColumn};
use crate::row::checks::{self, Defect, SampleDefect, Target, outside_lists};

/// What is done to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefectKind {
    /// Puts a value into a column.
    Put(usize, String),
    /// Adds 543 to the year of a date.
    Buddhist(usize),
    /// Moves a date behind the day of sending.
    Future(usize),
    /// Moves the event before the person's birth.
    BeforeBirth(usize),
    /// Moves the event to the person's fifth birthday.
    TooYoung(usize),
    /// Makes a text longer than its field.
    Long(usize),
    /// Puts a control character behind a text.
    Control(usize),
    /// Changes the check digit of a citizen ID.
    BadDigit(usize),
    /// Moves a date to the day before that of another column.
    Before(usize, usize),
    /// Adds fields.
    MoreFields,
    /// Gives the row to a unit outside the sender's CUP.
    OtherUnit(usize),
    /// Gives the row to a man.
    Man,
    /// Gives the row to somebody whose death was reported before.
    Dead,
    /// Repeats a dental procedure until the limit is reached.
    Often(usize, u32),
    /// Sends the row twice in this archive.
    Twice,
    /// Sends the row again with the next archive.
    Again,
}

/// A fault with the codes that it must get.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What is done.
    pub trick: DefectKind,
    /// Codes of the bad row.
    pub codes: Vec<String>,
    /// The row is rejected.
    pub error: bool,
    /// The fiscal year (B.E.) from which all these codes are given.
    pub since: i32,
}

/// A unit code that no unit has.
const NO_UNIT: &str = "99999";

struct Finder<'a, 'c> {
    catalog: &'a Catalog,
    spec: &'a Spec<'c>,
    faults: Vec<Fault>,
}

/// The faults of a file.
pub fn faults_of_spec(catalog: &Catalog, spec: &Spec) -> Vec<Fault> {
    let mut finder = Finder { catalog, spec, faults: Vec::new() };
    finder.of_rows();
    for (at, column) in spec.layout.columns.iter().enumerate() {
        for check in &column.checks {
            finder.of_check(at, column, check);
        }
        finder.of_column(at, column);
        if column.checks.is_empty() {
            finder.of_plain_column(at, column);
        }
    }
    let checks = || spec.layout.columns.iter().flat_map(|column| &column.checks);
    for fault in &mut finder.faults {
        let of_fault = checks().filter(|check| fault.codes.contains(&check.code));
        fault.since = of_fault.map(|check| check.since).max().unwrap_or(0);
    }
    finder.faults
}

impl Finder<'_, '_> {
    fn add(&mut self, trick: DefectKind, codes: &[&str]) {
        let error = codes.iter().any(|code| {
            let found = self.catalog.findings.get(code, self.spec.layout.standard);
            found.is_none_or(|text| text.severity >= Severity::Error)
        });
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        self.faults.push(Fault { trick, codes, error, since: 0 });
    }

    /// Adds a fault under a code that every file has.
    fn common(&mut self, trick: DefectKind, tail: &str) {
        let code = self.spec.code(tail);
        self.add(trick, &[&code]);
    }

    /// Codes of broken links to PERSON: a row of another unit breaks them all.
    fn links(&self) -> Vec<String> {
        let checks = self.spec.layout.columns.iter().flat_map(|column| &column.checks);
        checks.filter(|check| check.kind == "link_person").map(|c| c.code.clone()).collect()
    }

    /// Whether another column must be later than this one.
    fn comes_first(&self, column: &WireColumn) -> bool {
        let mut checks = self.spec.layout.columns.iter().flat_map(|column| &column.checks);
        checks.any(|check| check.kind == "after" && check.param == column.name)
    }

    fn of_rows(&mut self) {
        self.common(DefectKind::MoreFields, "9500");
        self.common(DefectKind::Twice, "9299");
        self.common(DefectKind::Again, "9299");
        let record = self.spec.record;
        let name = record.name.as_str();
        if record.visit || ["EPI", "LABFU", "NCDSCREEN", "NUTRITION"].contains(&name) {
            self.common(DefectKind::Dead, "9505");
        }
        // A death before birth, or a delivery before the mother's, would have
        // further consequences.
        if let Some(event) = self.spec.event
            && self.spec.person.is_some()
            && !["DEATH", "MCH"].contains(&name)
        {
            self.common(DefectKind::BeforeBirth(event), "9504");
        }
    }

    fn of_check(&mut self, at: usize, column: &WireColumn, check: &CheckSpec) {
        let is_hospcode = column.column == self.spec.record.hospcode;
        let target = Target { catalog: self.catalog, column, check, is_hospcode };
        for SampleDefect { defect, also } in checks::defects(&check.kind, &target) {
            let mut codes = vec![check.code.clone()];
            codes.extend(also.iter().map(|tail| self.spec.code(tail)));
            if is_hospcode && matches!(defect, Defect::Value(_)) {
                codes.extend(self.links());
            }
            let Some(trick) = self.trick(at, defect) else { continue };
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            self.add(trick, &codes);
        }
    }

    fn trick(&self, at: usize, defect: Defect) -> Option<DefectKind> {
        Some(match defect {
            Defect::Value(value) => DefectKind::Put(at, value),
            Defect::BuddhistYear => DefectKind::Buddhist(at),
            Defect::DayBefore(other) => {
                let mut columns = self.spec.layout.columns.iter();
                DefectKind::Before(at, columns.position(|column| column.name == other)?)
            }
            Defect::FifthBirthday => DefectKind::TooYoung(at),
            Defect::Man => DefectKind::Man,
            Defect::Repeated(limit) => DefectKind::Often(at, limit),
        })
    }

    /// Faults that any column of a type can have.
    fn of_column(&mut self, at: usize, column: &WireColumn) {
        let dated = matches!(column.kind, Type::Date | Type::DateTime);
        if dated && !column.ahead && !self.comes_first(column) {
            self.common(DefectKind::Future(at), "9503");
        }
        if column.cid {
            self.common(DefectKind::BadDigit(at), "9506");
        }
        if let Some(value) = column.range.as_deref().and_then(|range| above(range, column)) {
            self.common(DefectKind::Put(at, value), "9508");
        }
        if column.column == self.spec.record.hospcode {
            let known = column.checks.iter().any(|check| check.kind == "known_hcode");
            let links = self.links();
            if !known {
                let sender = self.spec.code("9509");
                let mut codes = vec![sender.as_str()];
                codes.extend(links.iter().map(String::as_str));
                self.add(DefectKind::Put(at, NO_UNIT.to_owned()), &codes);
            } else if links.is_empty() {
                // Who is in PERSON of another unit depends on what it sent;
                // only files without links have this fault alone.
                self.common(DefectKind::OtherUnit(at), "9509");
            }
        }
    }

    /// Faults of a column that has no code of its own.
    fn of_plain_column(&mut self, at: usize, column: &WireColumn) {
        let key = self.spec.key.contains(&at);
        let needed = key || column.required || self.spec.event == Some(at);
        if key || column.required {
            self.common(DefectKind::Put(at, String::new()), "9510");
        }
        let unreadable = match column.kind {
            Type::Date | Type::DateTime => Some(impossible(column.kind)),
            Type::Time => Some("996100".to_owned()),
            Type::Int | Type::Decimal | Type::Digits => Some("x".to_owned()),
            Type::Char | Type::Code => None,
        };
        if let Some(value) = unreadable {
            let codes = vec![self.spec.code("9511")];
            let error = needed || column.kind == Type::Digits;
            self.faults.push(Fault { trick: DefectKind::Put(at, value), codes, error, since: 0 });
        }
        if matches!(column.kind, Type::Date | Type::DateTime) {
            self.common(DefectKind::Buddhist(at), "9507");
        }
        if column.list.as_deref() == Some("ext:icd10tm") && !key {
            self.common(DefectKind::Put(at, "j00.9".to_owned()), "9514");
        }
        let list = column.list.as_deref().filter(|list| !list.starts_with("ext:"));
        if let Some(value) = list.and_then(|list| outside_lists(self.catalog, column, &[list])) {
            self.common(DefectKind::Put(at, value), "9512");
        }
        let free = column.kind == Type::Char && column.list.is_none() && !key && column.width > 0;
        if free && !column.name.starts_with("HOSPCODE") {
            self.common(DefectKind::Long(at), "9501");
            self.common(DefectKind::Control(at), "9502");
            if !column.required {
                self.common(DefectKind::Put(at, "NULL".to_owned()), "9513");
            }
        }
    }
}

/// A date of the right length that no calendar has.
fn impossible(kind: Type) -> String {
    match kind {
        Type::DateTime => "20130231080000".to_owned(),
        _ => "20130231".to_owned(),
    }
}

/// A number above a range that still fits its field.
fn above(range: &str, column: &WireColumn) -> Option<String> {
    let high: f64 = range.split("..").nth(1)?.parse().ok()?;
    let value = high + (high * 0.1).max(1.0);
    let text = match column.kind {
        Type::Decimal => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    (text.len() <= column.width).then_some(text)
}
