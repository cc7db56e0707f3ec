//! What the dictionary says about a row, read naively: value by value from
//! `kind` and `param` of its checks and from the codes that every file has. It
//! shares nothing with the program but the dictionary itself.

use std::collections::{BTreeMap, BTreeSet};

use khlang::catalog::{CheckSpec, Type, WireColumn};

use super::base::{SENDER, STRANGER, SUB_UNIT, Sheet};
use super::values::{CODES, Day, day, is_cid, is_icd, is_procedure, is_time, number, within};

/// When an archive is sent.
#[derive(Clone, Copy)]
pub struct Sent {
    pub day: &'static str,
    /// The first day on time, counted by hand: thirty days before.
    pub first_on_time: &'static str,
    /// Its fiscal year, B.E.
    pub year: i32,
}

/// Before, and after, the checks of fiscal year 2559 came into use.
pub const EARLY: Sent = Sent { day: "20131201", first_on_time: "20131101", year: 2557 };
pub const LATE: Sent = Sent { day: "20151201", first_on_time: "20151101", year: 2559 };

/// Text that stands for nothing.
const NOTHING: [&str; 6] = ["NULL", "\\N", "(NULL)", "<NULL>", "N/A", "-"];

/// What is said about one row: code, severity, field, value.
pub type Said = (String, &'static str, Option<String>, String);

/// The person of a row, as PERSON and DEATH of the archive have it.
#[derive(Clone)]
pub struct Person {
    pub number: usize,
    pub birth: &'static str,
    pub sex: &'static str,
    pub death: Option<&'static str>,
}

/// The outcome of a row.
#[derive(Default)]
pub struct Verdict {
    pub said: BTreeSet<Said>,
    pub rejected: bool,
    pub duplicate: bool,
    pub warned: bool,
    pub on_time: bool,
}

/// Validates the rows of one file in their order.
pub struct Oracle<'s, 'c> {
    sheet: &'s Sheet<'c>,
    /// The lists that the dictionary only names are installed.
    lists: bool,
    sent: Sent,
    keys: BTreeSet<String>,
    used: BTreeMap<String, u32>,
}

impl<'s, 'c> Oracle<'s, 'c> {
    pub fn new(sheet: &'s Sheet<'c>, lists: bool, sent: Sent) -> Self {
        Self { sheet, lists, sent, keys: BTreeSet::new(), used: BTreeMap::new() }
    }

    /// A row that has not as many fields as the header.
    pub fn ragged(&self) -> Verdict {
        let said = (self.code("9500"), "error", None, String::new());
        Verdict { said: [said].into(), rejected: true, ..Verdict::default() }
    }

    pub fn row(&mut self, row: &[String], person: &Person) -> Verdict {
        let (mut said, sent) = (BTreeSet::new(), row);
        let row = &self.meant(sent)[..];
        for at in 0..row.len() {
            let mut codes = self.field(at, row, person);
            let (value, meant) = (sent[at].trim(), &row[at]);
            if meant.is_empty() && !value.is_empty() {
                codes.push((self.code("9513"), "warning"));
            } else if meant != value {
                codes.push((self.code("9514"), "warning"));
            }
            for (code, severity) in codes {
                let field = Some(self.sheet.columns[at].name.clone());
                said.insert((code, severity, field, value.to_owned()));
            }
        }
        let rejected = said.iter().any(|(_, severity, ..)| *severity == "error");
        let event = self.event(row).unwrap_or_default();
        if !rejected && !self.keys.insert(self.key(row)) {
            said.insert((self.code("9299"), "error", None, String::new()));
            return Verdict { said, duplicate: true, ..Verdict::default() };
        }
        let warned = !rejected && !said.is_empty();
        let on_time =
            !rejected && (self.sent.first_on_time..=self.sent.day).contains(&event.as_str());
        Verdict { said, rejected, duplicate: false, warned, on_time }
    }

    /// The values of a row as they are meant.
    fn meant(&self, row: &[String]) -> Vec<String> {
        let meant = |(at, value): (usize, &String)| {
            let value = value.trim();
            if NOTHING.contains(&value.to_uppercase().as_str()) {
                return String::new();
            }
            let (dot, shape): (usize, fn(&str) -> bool) =
                match self.sheet.columns[at].list.as_deref() {
                    Some("ext:icd10tm") => (3, is_icd),
                    Some("ext:procedure") => (2, is_procedure),
                    _ => return value.to_owned(),
                };
            let mut code: Vec<char> = value.to_ascii_uppercase().chars().collect();
            if code.get(dot) == Some(&'.') {
                code.remove(dot);
            }
            let code = String::from_iter(code);
            if shape(&code) { code } else { value.to_owned() }
        };
        row.iter().enumerate().map(meant).collect()
    }

    /// Whether a text looks like no code of a list; whether that is an error.
    fn shapeless(&self, column: &WireColumn, value: &str) -> Option<bool> {
        let list = column.list.as_deref()?;
        match list {
            "ext:icd10tm" => return (!is_icd(value)).then_some(true),
            "ext:procedure" => return (!is_procedure(value)).then_some(true),
            _ => {}
        }
        let installed = self.lists && list.starts_with("ext:");
        let checked = column.checks.iter().any(|check| {
            check.since <= self.sent.year
                && (check.kind == "code_list" || check.kind == "standard_list" && installed)
        });
        if installed || checked || column.column == self.sheet.record.hospcode {
            return None;
        }
        let length = value.chars().count();
        let all = |is: fn(&char) -> bool| value.chars().all(|c| is(&c));
        let good = match list {
            "ext:drug24" => length <= 24 && all(char::is_ascii_graphic),
            "labtest" => [2, 7].contains(&length) && all(char::is_ascii_digit),
            _ => match CODES.iter().find(|(name, ..)| *name == list) {
                Some((_, true, least, most)) => {
                    (*least..=*most).contains(&length) && all(char::is_ascii_digit)
                }
                Some((_, false, least, most)) => {
                    (*least..=*most).contains(&length) && all(char::is_ascii_alphanumeric)
                }
                None => true,
            },
        };
        (!good).then_some(false)
    }

    /// The key as findings show it.
    pub fn key(&self, row: &[String]) -> String {
        let part = |&column: &usize| self.sheet.wire(column).map(|at| row[at].trim().to_owned());
        self.sheet.record.key.iter().filter_map(part).collect::<Vec<_>>().join("|")
    }

    fn code(&self, tail: &str) -> String {
        format!("{}{tail}", self.sheet.layout.prefix)
    }

    fn event(&self, row: &[String]) -> Option<String> {
        let at = self.sheet.wire(self.sheet.record.event?)?;
        let value = row[at].trim();
        (day(self.sheet.columns[at].kind, value) == Day::Real).then(|| value[..8].to_owned())
    }

    fn is_event(&self, at: usize) -> bool {
        self.sheet.record.event.and_then(|column| self.sheet.wire(column)) == Some(at)
    }

    /// Codes of one field.
    fn field(&mut self, at: usize, row: &[String], person: &Person) -> Vec<(String, &'static str)> {
        let column = self.sheet.columns[at];
        let value = row[at].trim();
        let own: Vec<&CheckSpec> =
            column.checks.iter().filter(|check| check.since <= self.sent.year).collect();
        let own: Vec<&CheckSpec> =
            own.into_iter().filter(|check| self.fails(check, at, row, person)).collect();
        let mut said: Vec<(String, &'static str)> =
            own.iter().map(|check| (check.code.clone(), self.severity(&check.code))).collect();
        let is_own = |kinds: &[&str]| own.iter().any(|c| kinds.contains(&c.kind.as_str()));
        let key = self.sheet.record.key.contains(&column.column);
        let needed = key || column.required || self.is_event(at);
        let mut add = |tail: &str, severity| said.push((self.code(tail), severity));
        if value.chars().any(|c| c.is_control() && c != '\t') {
            add("9502", "error");
        }
        if value.is_empty() {
            if (key || column.required) && own.is_empty() {
                add("9510", "error");
            }
            return said;
        }
        let unreadable = if needed { "error" } else { "warning" };
        match column.kind {
            Type::Date | Type::DateTime => match day(column.kind, value) {
                Day::Real if &value[..8] > self.sent.day && !may_lie_ahead(&column.name) => {
                    add("9503", "error");
                }
                Day::Buddhist => add("9507", "error"),
                Day::None if !is_own(&["format_date", "format_datetime"]) => {
                    add("9511", unreadable);
                }
                Day::Real | Day::None => {}
            },
            Type::Time if !is_time(value) => add("9511", unreadable),
            Type::Time => {}
            Type::Int | Type::Decimal
                if number(value).is_none() && !is_own(&["number", "decimal"]) =>
            {
                add("9511", unreadable);
            }
            Type::Int | Type::Decimal if number(value).is_none() => {}
            // A value of the wrong length or shape is said to be that, once.
            _ if !(is_own(&["width", "digits"])
                || is_own(&["number"]) && number(value).is_none()) =>
            {
                if column.kind == Type::Digits && !value.bytes().all(|b| b.is_ascii_digit()) {
                    add("9511", "error");
                    return said;
                }
                if value.chars().count() > column.width && column.width > 0 {
                    add("9501", "warning");
                }
                if column.name == "CID" && !is_cid(value) {
                    add("9506", "warning");
                }
                if let (Some(range), Some(value)) = (&column.range, number(value))
                    && !within(range, value)
                {
                    add("9508", "warning");
                }
                let told: Vec<&str> = own.iter().map(|check| check.code.as_str()).collect();
                if let Some((tail, severity)) = self.no_code(column, value, &told) {
                    add(&tail, severity);
                }
            }
            _ => {}
        }
        // A unit code of the wrong shape has been told already.
        let is_unit = column.column == self.sheet.record.hospcode;
        if is_unit && ![SENDER, SUB_UNIT].contains(&value) && !is_own(&["width"]) {
            add("9509", "error");
        }
        if self.is_event(at) {
            let pid = self.sheet.record.person.and_then(|p| self.sheet.wire(p));
            let unit = self.sheet.wire(self.sheet.record.hospcode).unwrap();
            let known = pid.is_some_and(|pid| known(&row[unit], &row[pid], person));
            if let (Some(event), true) = (self.event(row), known) {
                if event.as_str() < person.birth {
                    add("9504", "warning");
                }
                if self.sheet.record.name != "DEATH"
                    && person.death.is_some_and(|d| event.as_str() > d)
                {
                    add("9505", "warning");
                }
            }
        }
        said
    }

    /// What is said of a value that is no code of its column's list, or does
    /// not look like one, unless that has been told.
    fn no_code(
        &self,
        column: &WireColumn,
        value: &str,
        told: &[&str],
    ) -> Option<(String, &'static str)> {
        let in_force = || column.checks.iter().filter(|check| check.since <= self.sent.year);
        match self.shapeless(column, value) {
            Some(true) => match in_force().find(|check| check.kind == "standard_list") {
                Some(check) if told.contains(&&*check.code) => None,
                Some(check) => {
                    Some((check.code[self.sheet.layout.prefix.len()..].to_owned(), "error"))
                }
                None => Some(("9512".to_owned(), "error")),
            },
            Some(false) => Some(("9512".to_owned(), "warning")),
            None => {
                let checked =
                    |c: &CheckSpec| c.kind.ends_with("_list") || c.kind.starts_with("known");
                let list = column.list.as_deref()?;
                let outside = column.column != self.sheet.record.hospcode
                    && !in_force().any(checked)
                    && self.outside(&[list], value);
                outside.then(|| ("9512".to_owned(), "warning"))
            }
        }
    }

    fn severity(&self, code: &str) -> &'static str {
        let text = self.sheet.catalog.findings.get(code, self.sheet.layout.standard).unwrap();
        match format!("{:?}", text.severity).as_str() {
            "Error" => "error",
            "Warning" => "warning",
            other => panic!("{code} is {other}"),
        }
    }

    /// Whether a value is outside a union of lists; never when one of them is
    /// not there, or not whole.
    fn outside(&self, lists: &[&str], value: &str) -> bool {
        let mut found = false;
        for list in lists {
            if let Some(name) = list.strip_prefix("ext:") {
                if !self.lists {
                    return false;
                }
                let (_, codes) =
                    super::base::LISTS.iter().find(|(known, _)| *known == name).unwrap();
                found |= codes.contains(&value) || name == "hospcode" && value == "00000";
            } else {
                let list = self.sheet.catalog.codes.get(list).unwrap();
                if !list.whole {
                    return false;
                }
                found |= list.codes.contains(value);
            }
        }
        !found
    }

    /// One check of the dictionary.
    fn fails(&mut self, check: &CheckSpec, at: usize, row: &[String], person: &Person) -> bool {
        let column: &WireColumn = self.sheet.columns[at];
        let value = row[at].trim();
        let parts: Vec<&str> = check.param.split('|').collect();
        let kind = check.kind.as_str();
        if value.is_empty() {
            let judges_blank = !matches!(
                kind,
                "standard_list"
                    | "known_hcode"
                    | "link_person"
                    | "repeat_limit"
                    | "not_prefix"
                    | "after"
                    | "person_age"
                    | "person_sex"
            );
            return judges_blank && !parts.contains(&"blank");
        }
        let count = || parts[0].parse::<usize>().unwrap();
        let since = self.sent.year;
        let shape = |check: &CheckSpec| match check.kind.as_str() {
            _ if check.since > since => false,
            "width" => {
                value.chars().count()
                    != check.param.split('|').next().unwrap().parse::<usize>().unwrap()
            }
            _ => false,
        };
        match kind {
            "required" => false,
            "width" => value.chars().count() != count(),
            "digits" => value.len() != count() || !value.bytes().all(|b| b.is_ascii_digit()),
            "code_list" => !parts.iter().any(|part| match part.strip_prefix("digits:") {
                Some(n) => {
                    value.len().to_string() == n && value.bytes().all(|b| b.is_ascii_digit())
                }
                None => *part == value,
            }),
            "format_date" | "format_datetime" => day(column.kind, value) != Day::Real,
            "number" => {
                let range = parts.iter().find(|part| part.contains(".."));
                number(value).is_none_or(|n| range.is_some_and(|range| !within(range, n)))
            }
            "decimal" => {
                let decimals = value.split_once('.').map_or(0, |(_, d)| d.len());
                number(value).is_none() || decimals > count()
            }
            "known_hcode" => {
                !column.checks.iter().any(shape)
                    && ![SENDER, SUB_UNIT, STRANGER, "10671"].contains(&value)
            }
            "link_person" => {
                let unit = self.sheet.wire(self.sheet.record.hospcode).unwrap();
                !known(&row[unit], value, person)
            }
            "standard_list" => {
                let shaped = !column.checks.iter().any(|c| match c.kind.as_str() {
                    _ if c.since > since => false,
                    "digits" => {
                        value.len().to_string() != c.param
                            || !value.bytes().all(|b| b.is_ascii_digit())
                    }
                    _ => shape(c),
                });
                shaped && self.outside(&parts, value)
            }
            "repeat_limit" => {
                let dental = parts[1..].iter().any(|p| value.starts_with(&p["prefix:".len()..]));
                let times = self.used.entry(format!("{}|{value}", person.number)).or_default();
                *times += u32::from(dental);
                dental && *times as usize >= count()
            }
            "not_prefix" => parts.iter().any(|prefix| value.starts_with(prefix)),
            "after" => {
                let earlier = row[self.sheet.find(parts[0]).unwrap()].trim();
                day(Type::Date, value) == Day::Real
                    && day(Type::Date, earlier) == Day::Real
                    && value <= earlier
            }
            "person_sex" => self.knows(row, person) && person.sex != parts[0],
            "person_age" => self.knows(row, person) && !is_aged(value, parts[0], person),
            kind => panic!("the dictionary has a kind of check that is not tested: {kind}"),
        }
    }

    fn knows(&self, row: &[String], person: &Person) -> bool {
        let unit = self.sheet.wire(self.sheet.record.hospcode).unwrap();
        let pid = self.sheet.wire(self.sheet.record.person.unwrap()).unwrap();
        known(&row[unit], &row[pid], person)
    }
}

/// Whether a person's age on a date is in a range; what is no date is not asked.
fn is_aged(date: &str, range: &str, person: &Person) -> bool {
    if day(Type::Date, date) != Day::Real {
        return true;
    }
    let year = |day: &str| day[..4].parse::<i64>().unwrap();
    let had_birthday = date[4..8] >= person.birth[4..];
    let age = year(date) - year(person.birth) - i64::from(!had_birthday);
    within(range, age as f64)
}

/// Only the persons of the sender itself are in PERSON.
fn known(hospcode: &str, pid: &str, person: &Person) -> bool {
    hospcode.trim() == SENDER && pid.trim() == format!("{:08}", person.number)
}

/// Expected delivery, appointment, expiry of a right (XX9503).
fn may_lie_ahead(name: &str) -> bool {
    ["EDC", "APDATE", "EXPIREDATE", "EXPIR"].contains(&name)
}
