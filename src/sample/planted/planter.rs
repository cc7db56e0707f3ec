//! Rows and persons of planted archives, made from rows of the sample.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveDateTime};

use crate::sample::archive_builder::ArchiveBuilder;
use crate::sample::citizen;
use crate::sample::expected_outcomes::Planted;
use crate::sample::province::SampleProvince;
use crate::sample::spec::{Specs, stamp};
use crate::sample::style::Style;

/// A line of the population registry.
pub type Listed = [String; 4];

/// The first row of each file of the sample; planted rows are copies of it.
pub(super) type Templates = Vec<Option<Vec<String>>>;

/// Archives under construction, by unit.
pub(super) struct Planter<'a, 'c> {
    pub(super) province: &'a SampleProvince,
    pub(super) specs: &'a Specs<'c>,
    pub(super) style: &'a Style,
    pub(super) templates: Templates,
    /// Rows that units send in all months, by unit and file.
    pub(super) sent: &'a BTreeMap<(String, String), u64>,
    pub(super) archives: BTreeMap<usize, ArchiveBuilder<'a, 'c>>,
    pub(super) serial: u64,
    /// First day of the tranche.
    pub(super) start: NaiveDate,
    pub(super) listed: Vec<Listed>,
    pub(super) planted: Vec<Planted>,
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

    /// Notes which unit a rule has to find.
    pub(super) fn note(&mut self, rule: &str, unit: usize, severity: &str) {
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
