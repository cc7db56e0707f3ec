//! Counts a KPI: streams the rows of its query, ordered by person, and adds
//! them up by level, each person once.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

use super::amount::{Amount, two_places, value, value_text};
use super::counted::{Counted, Counter, RowSums};
use super::definition::{Counts, Definition, Scale};
use super::level::Level;
use super::period::{Days, Period};
use super::session::{Session, borrowed};
use super::{KpiError, Query};
use crate::store::{Reader, ReportedValue, Value};
use crate::text::Bilingual;
use crate::units::Units;
use crate::world::World;

/// What a KPI comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KpiResult {
    /// Id of the KPI.
    pub kpi: String,
    /// The period and its days.
    pub period: Span,
    /// The level of the rows.
    pub level: Level,
    /// One row a group, in the order of its code.
    pub rows: Vec<KpiRow>,
    /// Persons (or rows) by the reason why they, or what was done for them,
    /// do not count; each once, whatever the level.
    pub excluded: BTreeMap<String, u64>,
    /// Why the data cannot say; the rows are empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<NotComputable>,
}

/// A period by name with its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// As it was asked for.
    pub name: String,
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
}

/// A group's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KpiRow {
    /// Code of the group.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Counted.
    pub numerator: Amount,
    /// Of.
    pub denominator: Amount,
    /// Exact, two places, half-up; none over nothing.
    pub value: Option<String>,
    /// Target of the year.
    pub target: Option<String>,
    /// Whether it is met; none without a value or a target.
    pub met: Option<bool>,
    /// What no unit of the group sent in the period: its value is unknown then,
    /// unless others served its people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_sent: Option<NotComputable>,
    /// What a change is reckoned from: the sums of a year before. None of a
    /// value that was entered.
    #[serde(skip)]
    pub before: Option<(Amount, Amount)>,
}

/// Why the data cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComputable {
    /// What is missing.
    pub needs: String,
    /// In words.
    #[serde(flatten)]
    pub text: Bilingual,
}

/// Counts a KPI. For several, one [`Session`] shares what they have in common.
pub fn run(
    world: &World,
    reader: &Reader,
    definition: &Definition,
    period: &Period,
    level: Level,
) -> Result<KpiResult, KpiError> {
    Session::new(world, reader)?.run(definition, period, level)
}

/// Sums of a group; the second pair is that of a year before.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) numerator: Amount,
    pub(super) denominator: Amount,
    pub(super) before: (Amount, Amount),
    /// What no unit of the group sent.
    pub(super) not_sent: Option<NotComputable>,
    /// Whether people entered it: its value is the one over the other.
    entered: bool,
}

/// What the rows add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    groups: BTreeMap<String, Sums>,
    pub(super) excluded: BTreeMap<String, u64>,
}

impl Session<'_> {
    /// Counts a KPI.
    pub fn run(
        &mut self,
        definition: &Definition,
        period: &Period,
        level: Level,
    ) -> Result<KpiResult, KpiError> {
        let days = period.days(definition.year);
        let mut tally = Tally::default();
        let mut not_computable = self.missing(definition, &days)?;
        if not_computable.is_none() {
            match &definition.query {
                None => tally = self.reported(definition, period, level)?,
                Some(query) => {
                    let counted = self.counted(definition, query, &days)?;
                    tally = self.tally(definition, &counted, level);
                    self.mark_silent(definition, &days, level, &mut tally)?;
                }
            }
        }
        if definition.enter {
            self.enter_groups(definition, period, level, &mut tally)?;
            if !tally.groups.is_empty() {
                not_computable = None;
            } else if definition.query.is_none() {
                not_computable = Some(NotComputable::nothing_reported(period));
            }
        }
        let units = &self.world.units;
        Ok(finish(definition, period, &days, level, tally, not_computable, units))
    }

    /// Puts units together by level.
    fn tally(&self, definition: &Definition, counted: &Counted, level: Level) -> Tally {
        let mut tally = Tally::default();
        let to = (&self.world.units, level);
        let places = if definition.counts == Counts::Persons { 0 } else { definition.places };
        for (hcode, sums) in &counted.units {
            tally.add_unit(to, hcode, sums, places);
        }
        for (pattern, count) in counted.classes.values().flatten() {
            tally.add_persons(to, pattern, *count);
        }
        // A unit of which all rows are excluded has nothing to show.
        tally.groups.retain(|_, s| !s.denominator.is_zero() || !s.numerator.is_zero());
        tally
    }

    /// Streams what a query answers over the rows that the reader sees.
    pub(super) fn stream(
        &mut self,
        definition: &Definition,
        query: &Query,
        days: &Days,
        class_of: &dyn Fn(i64) -> u32,
    ) -> Result<Counted, KpiError> {
        let values = self.prepare(definition, query, days)?;
        let params = borrowed(&values);
        match definition.counts {
            Counts::Persons => self.persons(query, &params, class_of),
            _ => self.rows(definition, query, &params),
        }
        .map_err(|cause| KpiError::of(&definition.id, cause))
    }

    /// Streams persons in order, so that each is counted once and memory stays
    /// the same however many there are.
    fn persons(
        &self,
        query: &Query,
        params: &[(&str, Value)],
        class_of: &dyn Fn(i64) -> u32,
    ) -> crate::store::Result<Counted> {
        let sql = format!(
            "SELECT person, hcode, den, num, reason FROM ({}) AS q
             WHERE den > 0 OR num > 0 OR reason IS NOT NULL ORDER BY person",
            query.text
        );
        let mut counter = Counter::new(class_of);
        self.reader.each_line(&sql, params, |line| counter.take(line))?;
        Ok(counter.counted())
    }

    /// Adds rows up by unit.
    fn rows(
        &self,
        definition: &Definition,
        query: &Query,
        params: &[(&str, Value)],
    ) -> crate::store::Result<Counted> {
        let before = match definition.scale {
            Scale::Change => "sum(num_before), sum(den_before)",
            _ => "0, 0",
        };
        let sql = format!(
            "SELECT hcode, reason, count(*), sum(num), sum(den), {before} FROM ({}) AS q
             GROUP BY hcode, reason ORDER BY hcode, reason",
            query.text
        );
        let mut counted = Counted::default();
        self.reader.each_line(&sql, params, |line| {
            let hcode = line.str(0)?.unwrap_or_default();
            let number = |at| line.int(at).map(|n| n.unwrap_or(0));
            counted.units.entry(hcode.to_owned()).or_default().push(RowSums {
                reason: line.str(1)?.map(str::to_owned),
                rows: number(2)?.unsigned_abs(),
                num: number(3)?,
                den: number(4)?,
                num_before: number(5)?,
                den_before: number(6)?,
            });
            Ok(())
        })?;
        Ok(counted)
    }

    fn reported(
        &self,
        definition: &Definition,
        period: &Period,
        level: Level,
    ) -> Result<Tally, KpiError> {
        let entries = self
            .reader
            .reported(&definition.id, &period.to_string())
            .map_err(|cause| KpiError::of(&definition.id, cause))?;
        let mut tally = Tally::default();
        for entry in entries.iter().filter(|entry| !entry.unit.contains(':')) {
            let sums = tally.group(group_code(&self.world.units, level, &entry.unit));
            sums.numerator.add(Amount::signed(&entry.numerator).unwrap_or_default());
            sums.denominator.add(Amount::parse(&entry.denominator).unwrap_or_default());
        }
        Ok(tally)
    }

    /// The value that was entered for a place that is no group of units: the
    /// region.
    pub fn entered(
        &self,
        definition: &Definition,
        period: &Period,
        place: &str,
    ) -> Result<Option<KpiRow>, KpiError> {
        let entries = self
            .reader
            .reported(&definition.id, &period.to_string())
            .map_err(|cause| KpiError::of(&definition.id, cause))?;
        let Some(entry) = entries.iter().find(|entry| entry.unit == place) else { return Ok(None) };
        let target = definition.target_of(period.days(definition.year).year);
        let sums = Sums::entered(entry);
        Ok(Some(row_of(definition, (place.to_owned(), place.to_owned()), sums, target)))
    }

    /// Puts values that were entered for whole groups in the place of what is
    /// computed, or added up, of their units.
    fn enter_groups(
        &self,
        definition: &Definition,
        period: &Period,
        level: Level,
        tally: &mut Tally,
    ) -> Result<(), KpiError> {
        let entries = self
            .reader
            .reported(&definition.id, &period.to_string())
            .map_err(|cause| KpiError::of(&definition.id, cause))?;
        for entry in &entries {
            let of_unit = level == Level::Unit && definition.query.is_some();
            let code = match entry.unit.split_once(':') {
                Some((name, code)) => (name == level.to_string()).then_some(code),
                None => of_unit.then_some(entry.unit.as_str()),
            };
            let Some(code) = code else { continue };
            *tally.group(code) = Sums::entered(entry);
        }
        Ok(())
    }
}

impl Sums {
    fn entered(entry: &ReportedValue) -> Self {
        Self {
            numerator: Amount::signed(&entry.numerator).unwrap_or_default(),
            denominator: Amount::parse(&entry.denominator).unwrap_or_default(),
            entered: true,
            ..Self::default()
        }
    }
}

impl Tally {
    /// Whether something was counted of a group.
    pub(super) fn has(&self, code: &str) -> bool {
        self.groups.contains_key(code)
    }

    pub(super) fn group(&mut self, code: &str) -> &mut Sums {
        if !self.groups.contains_key(code) {
            self.groups.insert(code.to_owned(), Sums::default());
        }
        self.groups.get_mut(code).expect("it was put there when it was missing")
    }
}

/// The group of a unit; a unit that the list no longer has stands for itself,
/// so that no row is lost.
pub(super) fn group_code<'a>(units: &'a Units, level: Level, hcode: &'a str) -> &'a str {
    units.by_code.get(hcode).map_or(hcode, |unit| level.group(unit))
}

fn finish(
    definition: &Definition,
    period: &Period,
    days: &Days,
    level: Level,
    tally: Tally,
    not_computable: Option<NotComputable>,
    units: &Units,
) -> KpiResult {
    let target = definition.target_of(days.year);
    let rows = tally.groups.into_iter().map(|(code, sums)| {
        let name = level.name_of(&code, units);
        row_of(definition, (code, name), sums, target)
    });
    KpiResult {
        kpi: definition.id.clone(),
        period: Span { name: period.to_string(), start: definition.first_day(days), end: days.end },
        level,
        rows: rows.collect(),
        excluded: tally.excluded,
        not_computable,
    }
}

/// A group's row. Where nobody of it sent anything, nothing is not nought.
fn row_of(
    definition: &Definition,
    (code, name): (String, String),
    sums: Sums,
    target: Option<Decimal>,
) -> KpiRow {
    let silent = sums.not_sent.is_some() && sums.numerator.is_zero();
    let value = value_of(definition, &sums).filter(|_| !silent);
    KpiRow {
        name,
        code,
        numerator: sums.numerator,
        denominator: sums.denominator,
        value: value.map(value_text),
        target: target.map(value_text),
        met: value.zip(target).map(|(value, target)| definition.meets(value, target)),
        not_sent: sums.not_sent,
        before: (!sums.entered).then_some(sums.before),
    }
}

/// The value as it is shown, which is also the one held against the target.
fn value_of(definition: &Definition, sums: &Sums) -> Option<Decimal> {
    let now = value(definition.scale, sums.numerator, sums.denominator)?;
    if definition.scale != Scale::Change || sums.entered {
        return Some(two_places(now));
    }
    let before = value(definition.scale, sums.before.0, sums.before.1)?;
    Some(two_places(now - before))
}

impl NotComputable {
    fn nothing_reported(period: &Period) -> Self {
        Self {
            needs: "reported".to_owned(),
            text: Bilingual {
                th: format!("ยังไม่มีการรายงานค่าของ {period}"),
                en: format!("nothing was reported for {period}"),
            },
        }
    }
}
