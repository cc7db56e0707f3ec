//! What audits look for: for every rule of [OPPP-2557 s. 41-43] one unit whose rows
//! are as they should not be, in an archive of its own beside those of the
//! months. Which unit that is, and how much was put there, stands in the ledger.
//!
//! Rows are those of the sample with a few values changed, so that they pass
//! every check of rows; nothing here asks the rules.

mod plans;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::archive_builder::ArchiveBuilder;
use super::citizen;
use super::emit::RecordEmitter;
use super::expected_outcomes::ArchiveEntry;
use super::people;
use super::province::SampleProvince;
use super::spec::{Specs, stamp};
use super::style::Style;

/// What was put where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Planted {
    /// The rule that has to find it.
    pub rule: String,
    /// At which unit.
    pub hcode: String,
    /// In which tranche.
    pub tranche: String,
    /// `hold` or `warn`.
    pub severity: String,
}

/// A line of the population registry.
pub type Listed = [String; 4];

/// Rows of the sample, the first of each file, as all others are made after.
type Templates = Vec<Option<Vec<String>>>;

/// Archives under construction, by unit.
pub(super) struct Planter<'a, 'c> {
    province: &'a SampleProvince,
    specs: &'a Specs<'c>,
    style: &'a Style,
    templates: Templates,
    /// Rows that units send in all months, by unit and file.
    sent: &'a BTreeMap<(String, String), u64>,
    archives: BTreeMap<usize, ArchiveBuilder<'a, 'c>>,
    serial: u64,
    /// First day of the tranche.
    start: NaiveDate,
    listed: Vec<Listed>,
    planted: Vec<Planted>,
}

/// A person who is to be made up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sketch {
    /// A woman.
    pub female: bool,
    /// Day of birth, in days before the tranche begins; below nought after.
    pub born: i64,
    /// Lives in the area.
    pub resident: bool,
    /// Stands in the population registry, at the unit.
    pub listed: bool,
}

/// Somebody who was made up.
#[derive(Debug, Clone)]
pub(super) struct Patient {
    pub pid: String,
    pub cid: String,
}

/// A value of a row, by the store's name of the column.
pub(super) type Set<'s> = (&'s str, String);

/// What was made, to be written.
pub struct Grown {
    /// Archives with their lines in the ledger.
    pub archives: Vec<(Vec<u8>, ArchiveEntry)>,
    /// Lines of the population registry.
    pub listed: Vec<Listed>,
    /// What was put where.
    pub planted: Vec<Planted>,
}

/// Health centres that send for themselves.
fn centres(province: &SampleProvince) -> Vec<usize> {
    let own = |at: &usize| province.units[*at].level == "P" && province.units[*at].sender == *at;
    (0..province.units.len()).filter(own).collect()
}

/// Fewest health centres: of each file one rule a unit, so that what is put
/// there for one rule is no part of another's hundred percent.
const FEWEST: usize = 8;

/// Plants something for every rule.
pub fn plant<'a>(
    province: &'a SampleProvince,
    specs: &'a Specs<'_>,
    style: &'a Style,
    sent: &'a BTreeMap<(String, String), u64>,
) -> Result<Grown> {
    let centres = centres(province);
    ensure!(
        centres.len() >= FEWEST,
        "--audit wants {FEWEST} health centres that send for themselves, and there are {}: take more units",
        centres.len()
    );
    let july = province.months.iter().position(|month| month.first.month() == 7);
    let start = july.filter(|at| at + 4 <= province.months.len());
    let start = start.context(
        "--audit wants July to October among the months: --start 2013-07-01 --months 12",
    )?;
    let mut planter = Planter {
        province,
        specs,
        style,
        templates: templates(province, specs, style),
        sent,
        archives: BTreeMap::new(),
        serial: 0,
        start: province.months[start].first,
        listed: Vec::new(),
        planted: Vec::new(),
    };
    for (nth, (rule, severity, plan)) in plans::PLANS.iter().enumerate() {
        let at = nth % centres.len();
        let units: Vec<usize> = (0..3).map(|more| centres[(at + more) % centres.len()]).collect();
        for unit in plan(&mut planter, &units) {
            planter.note(rule, unit, severity);
        }
    }
    let mut archives = Vec::new();
    for (_, archive) in std::mem::take(&mut planter.archives) {
        archives.push(archive.close()?);
    }
    planter.planted.sort();
    planter.planted.dedup();
    Ok(Grown { archives, listed: planter.listed, planted: planter.planted })
}

/// The first row of each file, wherever one is sent.
fn templates(province: &SampleProvince, specs: &Specs<'_>, style: &Style) -> Templates {
    let mut found: Templates = vec![None; specs.list.len()];
    for at in 0..province.units.len() {
        let people = people::people_of_unit(province, at);
        for (nth, month) in province.months.iter().enumerate() {
            let sent = month.last.and_hms_opt(20, 0, 0).unwrap_or_default();
            let mut archive =
                ArchiveBuilder::new(specs, style, &province.units[at].hcode, sent, None);
            RecordEmitter::new(province, at, &people, *month, nth == 0, &mut archive).emit();
            for (place, row) in found.iter_mut().zip(archive.first_rows()) {
                if place.is_none() {
                    *place = row;
                }
            }
        }
        if at >= 5 && found.iter().filter(|row| row.is_some()).count() * 10 > found.len() * 7 {
            break;
        }
    }
    found
}

impl Planter<'_, '_> {
    /// A day of the tranche, from 0.
    pub(super) fn day(&self, nth: u64) -> NaiveDate {
        self.start + Days::new(nth)
    }

    /// The same as it is written.
    pub(super) fn on(&self, nth: u64) -> String {
        crate::clock::day_number(self.day(nth)).to_string()
    }

    /// A day so many days before the tranche begins.
    pub(super) fn before(&self, days: i64) -> String {
        let day = self.start - chrono::Duration::days(days);
        crate::clock::day_number(day).to_string()
    }

    /// So many rows that they are this share (in hundredths of a percent) of
    /// all that the unit sends of a file in all months, and a few more.
    pub(super) fn enough(&self, unit: usize, record: &str, percent: u64, least: u64) -> u64 {
        let Some(at) = self.specs.at(record) else { return least };
        let key =
            (self.province.units[unit].hcode.clone(), self.specs.list[at].layout.file.clone());
        let sent = self.sent.get(&key).copied().unwrap_or(0);
        (sent * percent).div_ceil(10_000 - percent).max(least) + 3
    }

    /// Whether the standard has a file.
    pub(super) fn has(&self, record: &str) -> bool {
        self.specs.at(record).is_some_and(|at| self.templates[at].is_some())
    }

    fn note(&mut self, rule: &str, unit: usize, severity: &str) {
        self.planted.push(Planted {
            rule: rule.to_owned(),
            hcode: self.province.units[unit].hcode.clone(),
            tranche: "1".to_owned(),
            severity: severity.to_owned(),
        });
    }

    /// Says that another rule finds it, too.
    pub(super) fn also(&mut self, rule: &str, unit: usize, severity: &str) {
        self.note(rule, unit, severity);
    }

    /// Makes somebody up, with a row in PERSON.
    pub(super) fn person(&mut self, unit: usize, who: Sketch) -> Patient {
        self.serial += 1;
        let cid = citizen::make(2, 99, 1, self.serial);
        self.person_with(unit, who, &cid)
    }

    /// The same with a citizen ID that is given.
    pub(super) fn person_with(&mut self, unit: usize, who: Sketch, cid: &str) -> Patient {
        self.serial += 1;
        let made = Patient { pid: format!("9{:05}", self.serial), cid: cid.to_owned() };
        let sets = [
            ("BIRTH", self.before(who.born)),
            ("SEX", if who.female { "2" } else { "1" }.to_owned()),
            ("PRENAME", if who.female { "005" } else { "003" }.to_owned()),
            ("TYPEAREA", if who.resident { "1" } else { "4" }.to_owned()),
            ("DISCHARGE", "9".to_owned()),
            ("DDISCHARGE", String::new()),
            ("NATION", "099".to_owned()),
            ("FATHER", String::new()),
            ("MOTHER", String::new()),
            ("COUPLE", String::new()),
            ("MOVEIN", String::new()),
            ("HN", String::new()),
        ];
        self.put(unit, "PERSON", &made, &sets);
        if who.listed {
            self.list(unit, &made.cid);
        }
        made
    }

    /// Puts a citizen ID into the population registry.
    pub(super) fn list(&mut self, unit: usize, cid: &str) {
        let units = &self.province.units;
        let (own, main) = (units[unit].hcode.clone(), units[units[unit].cup].hcode.clone());
        self.listed.push([cid.to_owned(), own, main, "UCS".to_owned()]);
    }

    /// A number that nobody has in PERSON.
    pub(super) fn nobody(&mut self) -> String {
        self.serial += 1;
        citizen::make(2, 99, 1, self.serial)
    }

    /// A row with some values of its own.
    pub(super) fn put(&mut self, unit: usize, record: &str, who: &Patient, sets: &[Set<'_>]) {
        let Some(at) = self.specs.at(record) else { return };
        let Some(mut values) = self.templates[at].clone() else { return };
        let hcode = self.province.units[unit].hcode.clone();
        let sent = self.sending(unit);
        let fixed = [
            ("HOSPCODE", hcode.clone()),
            ("HOSPCODE9", format!("EA00{hcode}")),
            ("PID", who.pid.clone()),
            ("CID", who.cid.clone()),
            ("D_UPDATE", stamp(sent)),
        ];
        for (name, value) in fixed.iter().chain(sets) {
            if let Some(slot) = self.specs.list[at].slot(name) {
                values[slot].clone_from(value);
            }
        }
        let (specs, style) = (self.specs, self.style);
        let archive = self
            .archives
            .entry(unit)
            .or_insert_with(|| ArchiveBuilder::new(specs, style, &hcode, sent, None));
        archive.accept(at, &values, &[]);
    }

    /// A visit with a diagnosis.
    pub(super) fn visit(&mut self, unit: usize, who: &Patient, nth: u64, code: &str) {
        self.serial += 1;
        let seq = format!("9{:07}", self.serial);
        let day = self.on(nth);
        let none = ["REFERINHOSP", "REFEROUTHOSP", "CAUSEIN", "CAUSEOUT", "REFERIN", "REFEROUT"];
        let none = none.map(|name| (name, String::new()));
        let visit = [
            ("SEQ", seq.clone()),
            ("DATE_SERV", day.clone()),
            ("TYPEIN", "1".to_owned()),
            ("TYPEOUT", "1".to_owned()),
        ];
        self.put(unit, "SERVICE", who, &[&visit[..], &none].concat());
        let diagnosis = [
            ("SEQ", seq),
            ("DATE_SERV", day),
            ("DIAGTYPE", "1".to_owned()),
            ("DIAGCODE", code.to_owned()),
        ];
        self.put(unit, "DIAGNOSIS_OPD", who, &diagnosis);
    }

    /// When the archive of a unit is sent: after the first hundred days, at an
    /// hour at which no archive of the months is.
    fn sending(&self, unit: usize) -> NaiveDateTime {
        let day = self.day(111);
        day.and_hms_opt(3, (unit / 60 % 60) as u32, (unit % 60) as u32).unwrap_or_default()
    }
}
