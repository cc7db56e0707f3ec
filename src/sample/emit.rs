//! A month of one unit: who comes when and why, told day by day.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use super::archive_builder::ArchiveBuilder;
use super::people::{People, Resident, dose_day};
use super::province::{Month, SampleProvince, SampleUnit, stream};
use super::rng::{Rng, hash};

/// Why somebody comes.
#[derive(Debug, Clone, PartialEq)]
pub enum VisitReason {
    /// An illness of the list.
    Sick,
    /// An injury of the list.
    Hurt,
    /// Follow-up of diabetes or hypertension.
    Chronic,
    /// An antenatal visit: pregnancy and number.
    Antenatal(usize, usize),
    /// Delivery at the unit.
    Delivery(usize),
    /// Care of the mother after birth: pregnancy and number.
    Postnatal(usize, usize),
    /// Doses by the schedule.
    Vaccines(Vec<usize>),
    /// Weighing and measuring.
    Growth,
    /// Family planning.
    Family,
    /// Teeth.
    Dental,
    /// Thai massage.
    Massage,
    /// A visit at home.
    Home,
    /// Rehabilitation of a disabled person.
    Rehabilitation,
    /// Assessment of an elder.
    Elder,
    /// Development check of a child, by its age in months.
    Development(u32),
    /// Sent on to the main unit.
    ReferOut,
    /// Sent here by a sub-unit.
    ReferIn,
}

/// One visit.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Position of the person.
    pub person: usize,
    /// Day.
    pub day: NaiveDate,
    /// Time of arrival.
    pub time: NaiveTime,
    /// Number of the visit at the unit.
    pub seq: String,
    /// Reason of the visit.
    pub reason: VisitReason,
}

impl Visit {
    /// Time of arrival as a date and time.
    pub fn at(&self) -> NaiveDateTime {
        self.day.and_time(self.time)
    }

    /// When the record was written: within the hours after.
    pub fn written(&self) -> NaiveDateTime {
        self.at() + chrono::Duration::minutes(45)
    }
}

/// Tells a unit's month to an archive.
#[derive(Debug)]
pub struct RecordEmitter<'t, 'a, 'c> {
    /// The province.
    pub province: &'t SampleProvince,
    /// The unit that sends.
    pub unit: &'t SampleUnit,
    /// Its position.
    pub at: usize,
    /// Its people.
    pub people: &'t People,
    /// The month.
    pub month: Month,
    /// The archive.
    pub archive: &'t mut ArchiveBuilder<'a, 'c>,
    /// Random numbers of this unit and month.
    pub rng: Rng,
    /// The registers go along in full.
    pub full: bool,
}

/// Days on which a person has come already, and days that are possible.
struct Days31 {
    used: u32,
    low: u32,
    high: u32,
}

impl<'t, 'a, 'c> RecordEmitter<'t, 'a, 'c> {
    /// A teller of a month.
    pub fn new(
        province: &'t SampleProvince,
        at: usize,
        people: &'t People,
        month: Month,
        full: bool,
        archive: &'t mut ArchiveBuilder<'a, 'c>,
    ) -> Self {
        let rng = Rng::new(&[province.seed, stream::MONTH, at as u64, month.index as u64]);
        Self { province, unit: &province.units[at], at, people, month, archive, rng, full }
    }

    /// Tells everything.
    pub fn emit(&mut self) {
        self.registers();
        let visits = self.plan();
        for visit in &visits {
            self.visit(visit);
        }
        self.month_records();
    }

    /// The main unit's code.
    pub fn main_unit(&self) -> &'t str {
        &self.province.units[self.unit.cup].hcode
    }

    /// A provider's number; the unit's staff count from 1.
    pub fn provider(&self, number: u64) -> String {
        format!("P{:03}", 1 + number % self.staff())
    }

    /// How many providers the unit has.
    pub fn staff(&self) -> u64 {
        match self.unit.level {
            "A" => 60,
            "S" | "M1" => 40,
            "P" => 5,
            _ => 22,
        }
    }

    /// The first and last day in the month on which somebody can come.
    fn bounds(&self, person: &Resident) -> Option<(NaiveDate, NaiveDate)> {
        let low = self.month.first.max(person.since);
        let high = match person.death {
            Some(death) => self.month.last.min(death.pred_opt()?),
            None => self.month.last,
        };
        (low <= high).then_some((low, high))
    }

    fn plan(&mut self) -> Vec<Visit> {
        let mut care: BTreeMap<usize, Vec<(NaiveDate, VisitReason)>> = BTreeMap::new();
        for (at, pregnancy) in self.people.pregnancies.iter().enumerate() {
            let reasons = care.entry(pregnancy.mother).or_default();
            for (nth, day) in pregnancy.visits.iter().enumerate() {
                if self.month.has(*day) && *day < pregnancy.delivery {
                    reasons.push((*day, VisitReason::Antenatal(at, nth)));
                }
            }
            if self.month.has(pregnancy.delivery) && self.unit.hospital() {
                reasons.push((pregnancy.delivery, VisitReason::Delivery(at)));
            }
            for (nth, day) in pregnancy.after.iter().enumerate() {
                if self.month.has(*day) {
                    reasons.push((*day, VisitReason::Postnatal(at, nth)));
                }
            }
        }
        let mut visits = Vec::new();
        for (at, person) in self.people.persons.iter().enumerate() {
            let Some((low, high)) = self.bounds(person) else { continue };
            let fixed = care.remove(&at).unwrap_or_default();
            self.person_month(at, (low, high), fixed, &mut visits);
        }
        visits.sort_by_key(|visit| (visit.day, visit.time, visit.person));
        for (nth, visit) in visits.iter_mut().enumerate() {
            let (year, month) =
                (self.month.first.year() + crate::clock::BUDDHIST_ERA, self.month.first.month());
            visit.seq = format!("{:02}{month:02}{:05}", year % 100, nth + 1);
        }
        visits
    }

    /// Everything that brings one person to the unit in the month.
    fn person_month(
        &mut self,
        at: usize,
        (low, high): (NaiveDate, NaiveDate),
        fixed: Vec<(NaiveDate, VisitReason)>,
        visits: &mut Vec<Visit>,
    ) {
        let person = &self.people.persons[at];
        let mut days = Days31 { used: 0, low: low.day(), high: high.day() };
        let mut rng = Rng::new(&[self.rng.next(), at as u64]);
        let mut come = |reason: VisitReason, want: NaiveDate, exact: bool, rng: &mut Rng| {
            let Some(day) = days.take(self.month.first, want.day(), exact) else { return };
            let hour = rng.range(8, 15) as u32;
            let clock = (hour, rng.range(0, 59) as u32, rng.range(0, 59) as u32);
            let time = NaiveTime::from_hms_opt(clock.0, clock.1, clock.2).unwrap_or_default();
            visits.push(Visit { person: at, day, time, seq: String::new(), reason });
        };
        for (day, reason) in fixed {
            if low <= day && day <= high {
                come(reason, day, true, &mut rng);
            }
        }
        if let Some((day, reason)) = self.guest_visit(person)
            && low <= day
            && day <= high
        {
            come(reason, day, true, &mut rng);
        }
        if person.home.is_none() {
            for (day, doses) in self.doses(person, low, high) {
                come(VisitReason::Vaccines(doses), day, false, &mut rng);
            }
            for reason in self.routine(person, low, &mut rng) {
                let want = low + Days::new(rng.below(28));
                come(reason, want.min(high), false, &mut rng);
            }
        }
        let share = if person.home.is_some() { 0.35 } else { 1.0 };
        let often = share * sick_rate(person.age(low));
        while rng.chance(often) {
            let hurt = rng.chance(0.04);
            let want = low + Days::new(rng.below(28));
            come(
                if hurt { VisitReason::Hurt } else { VisitReason::Sick },
                want.min(high),
                hurt,
                &mut rng,
            );
        }
    }

    /// The first visit of a guest, and referrals between the two units.
    fn guest_visit(&self, person: &Resident) -> Option<(NaiveDate, VisitReason)> {
        let since = self.province.guest_since(&person.cid)?;
        if self.unit.cup == self.at && person.home.is_none() {
            return None;
        }
        if person.home.is_some() && self.month.has(since) {
            return Some((since, VisitReason::Sick));
        }
        let day = self.province.referral(&person.cid, &self.month).filter(|day| *day > since)?;
        let known = since > person.since || person.home.is_some();
        let alive = person.death.is_none_or(|death| day + Days::new(1) < death);
        let reason =
            if person.home.is_some() { VisitReason::ReferIn } else { VisitReason::ReferOut };
        (known && alive).then_some((day, reason))
    }

    /// Doses that are due in the month, by day.
    fn doses(
        &self,
        person: &Resident,
        low: NaiveDate,
        high: NaiveDate,
    ) -> Vec<(NaiveDate, Vec<usize>)> {
        let mut due: Vec<(NaiveDate, Vec<usize>)> = Vec::new();
        if person.age(high) > 13 {
            return due;
        }
        for (nth, vaccine) in self.province.words.vaccines.iter().enumerate() {
            let day = dose_day(self.province, person, vaccine.age_months, vaccine.spread_days);
            let Some(day) = day.filter(|day| low <= *day && *day <= high) else { continue };
            match due.iter_mut().find(|(known, _)| *known == day) {
                Some((_, doses)) => doses.push(nth),
                None => due.push((day, vec![nth])),
            }
        }
        due
    }

    /// Care that comes round by itself.
    fn routine(&self, person: &Resident, low: NaiveDate, rng: &mut Rng) -> Vec<VisitReason> {
        let age = person.age(low);
        let month = self.month.of_year() as u64;
        let mut reasons = Vec::new();
        let mut add = |wanted: bool, reason: VisitReason| {
            if wanted {
                reasons.push(reason);
            }
        };
        let ill = |since: Option<NaiveDate>| since.is_some_and(|since| since < self.month.first);
        let chronic = ill(person.diabetes) || ill(person.hypertension);
        add(chronic && rng.chance(0.72), VisitReason::Chronic);
        add(age < 6 && month.is_multiple_of(3) && rng.chance(0.85), VisitReason::Growth);
        let pregnant = self.people.pregnancies.iter().any(|pregnancy| {
            self.people.persons[pregnancy.mother].own == person.own
                && pregnancy.lmp <= self.month.last
                && self.month.first <= pregnancy.after[2]
        });
        let method = [1, 2].contains(&person.method) && !pregnant;
        add(method && person.own % 3 == month % 3, VisitReason::Family);
        add(age >= 3 && rng.chance(0.012), VisitReason::Dental);
        add(age >= 20 && rng.chance(0.007), VisitReason::Massage);
        let frail = age >= 75 || person.disability > 0;
        add(frail && rng.chance(0.08), VisitReason::Home);
        add(person.disability > 0 && rng.chance(0.15), VisitReason::Rehabilitation);
        add(age >= 60 && person.own % 12 == month && rng.chance(0.8), VisitReason::Elder);
        for months in [9, 18, 30, 42] {
            let due = person.birth.checked_add_months(Months::new(months));
            let soon = due.is_some_and(|due| self.month.has(due) && due >= low);
            add(soon && rng.chance(0.9), VisitReason::Development(months));
        }
        reasons
    }

    /// Rows that hang on no visit: screening in the village, community work.
    fn month_records(&mut self) {
        self.screening();
        self.births_and_pregnancies();
        self.deaths();
        self.community();
        self.policies();
    }

    /// The month of the fiscal year in which a person is screened, 0 January.
    pub fn screened_now(&self, person: &Resident) -> bool {
        let year = crate::clock::fiscal_year_of(self.month.first) as u64;
        let drawn = hash(&[self.province.seed, stream::SCREEN, person.own, year]);
        // Most screening is done from October to March.
        let months = [9, 9, 10, 10, 10, 11, 11, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8];
        let planned = months[(drawn % months.len() as u64) as usize];
        planned == self.month.of_year() && drawn / 100 % 100 < 86
    }
}

/// Chance that somebody falls ill once more in a month.
fn sick_rate(age: i64) -> f64 {
    match age {
        0..=5 => 0.24,
        6..=14 => 0.12,
        15..=44 => 0.09,
        45..=64 => 0.13,
        _ => 0.18,
    }
}

impl Days31 {
    /// Takes a free day at or after `want`, on a weekday if there is one.
    fn take(&mut self, first: NaiveDate, want: u32, exact: bool) -> Option<NaiveDate> {
        let free = |day: u32| self.used & (1 << day) == 0;
        let date = |day: u32| first.with_day(day);
        let weekday = |day: u32| {
            date(day).is_some_and(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
        };
        let want = want.clamp(self.low, self.high);
        let order = || (want..=self.high).chain(self.low..want);
        let day = if exact && free(want) {
            want
        } else {
            order()
                .find(|day| free(*day) && weekday(*day))
                .or_else(|| order().find(|day| free(*day)))?
        };
        self.used |= 1 << day;
        date(day)
    }
}
