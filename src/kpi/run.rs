//! Counts a KPI: streams the rows of its query, ordered by person, and adds
//! them up by level, each person once.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::amount::{Amount, two_places, value, value_text};
use super::definition::{Counts, Definition, Names, Scale};
use super::level::Level;
use super::period::{Days, Period};
use super::session::{Session, borrowed};
use super::{KpiError, Query};
use crate::store::{Line, Reader, Value};
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
}

/// Why the data cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComputable {
    /// What is missing.
    pub needs: String,
    /// In words.
    #[serde(flatten)]
    pub text: Names,
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
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    numerator: Amount,
    denominator: Amount,
    before: (Amount, Amount),
}

/// What the rows add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    groups: BTreeMap<String, Sums>,
    excluded: BTreeMap<String, u64>,
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
        let mut not_computable = self.missing(definition)?;
        if not_computable.is_none() {
            match &definition.query {
                None => {
                    tally = self.reported(definition, period, level)?;
                    if tally.groups.is_empty() {
                        not_computable = Some(NotComputable::nothing_reported(period));
                    }
                }
                Some(query) => {
                    let values = self.prepare(definition, query, &days)?;
                    let params = borrowed(&values);
                    tally = match definition.counts {
                        Counts::Persons => self.persons(definition, query, &params, level)?,
                        _ => self.rows(definition, query, &params, level)?,
                    };
                }
            }
        }
        let units = &self.world.units;
        Ok(finish(definition, period, &days, level, tally, not_computable, units))
    }

    /// Streams persons in order, so that each is counted once per group and
    /// memory stays the same however many there are.
    fn persons(
        &self,
        definition: &Definition,
        query: &Query,
        params: &[(&str, Value)],
        level: Level,
    ) -> Result<Tally, KpiError> {
        let sql = format!(
            "SELECT person, hcode, den, num, reason FROM ({}) AS q
             WHERE den > 0 OR num > 0 OR reason IS NOT NULL ORDER BY person",
            query.text
        );
        let mut counter = Counter::new(&self.world.units, level);
        let streamed = self.reader.each_line(&sql, params, |line| counter.take(line));
        streamed.map_err(|cause| KpiError::of(&definition.id, cause))?;
        counter.flush();
        Ok(counter.into_tally())
    }

    /// Adds rows up by unit in the query, and units up by level here.
    fn rows(
        &self,
        definition: &Definition,
        query: &Query,
        params: &[(&str, Value)],
        level: Level,
    ) -> Result<Tally, KpiError> {
        let before = match definition.scale {
            Scale::Change => "sum(num_before), sum(den_before)",
            _ => "0, 0",
        };
        let sql = format!(
            "SELECT hcode, reason, count(*), sum(num), sum(den), {before} FROM ({}) AS q
             GROUP BY hcode, reason ORDER BY hcode, reason",
            query.text
        );
        let mut tally = Tally::default();
        let places = definition.places;
        let streamed = self.reader.each_line(&sql, params, |line| {
            let hcode = line.str(0)?.unwrap_or_default();
            let sums = tally.group(group_code(&self.world.units, level, hcode));
            let number = |at| line.int(at).map(|n| n.unwrap_or(0));
            sums.numerator.add(Amount::new(number(3)?, places));
            sums.denominator.add(Amount::new(number(4)?, 0));
            sums.before.0.add(Amount::new(number(5)?, places));
            sums.before.1.add(Amount::new(number(6)?, 0));
            if let Some(reason) = line.str(1)? {
                *tally.excluded.entry(reason.to_owned()).or_default() += number(2)?.unsigned_abs();
            }
            Ok(())
        });
        streamed.map_err(|cause| KpiError::of(&definition.id, cause))?;
        // A unit of which all rows are excluded has nothing to show.
        tally.groups.retain(|_, s| !s.denominator.is_zero() || !s.numerator.is_zero());
        Ok(tally)
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
        for entry in entries {
            let sums = tally.group(group_code(&self.world.units, level, &entry.unit));
            sums.numerator.add(Amount::parse(&entry.numerator).unwrap_or_default());
            sums.denominator.add(Amount::parse(&entry.denominator).unwrap_or_default());
        }
        Ok(tally)
    }
}

impl Tally {
    fn group(&mut self, code: &str) -> &mut Sums {
        if !self.groups.contains_key(code) {
            self.groups.insert(code.to_owned(), Sums::default());
        }
        self.groups.get_mut(code).expect("it was put there when it was missing")
    }
}

/// The group of a unit; a unit that the list no longer has stands for itself,
/// so that no row is lost.
fn group_code<'a>(units: &'a Units, level: Level, hcode: &'a str) -> &'a str {
    units.by_code.get(hcode).map_or(hcode, |unit| level.group(unit))
}

/// Counts persons that come in order.
struct Counter<'a> {
    units: &'a Units,
    level: Level,
    /// Position of a group by unit.
    places: FxHashMap<String, usize>,
    groups: Vec<(String, u64, u64)>,
    reasons: Vec<(String, u64)>,
    person: Option<i64>,
    /// Groups of the present person: in the denominator, in the numerator.
    seen: Vec<(usize, bool, bool)>,
    reason: Option<usize>,
}

impl<'a> Counter<'a> {
    fn new(units: &'a Units, level: Level) -> Self {
        Self {
            units,
            level,
            places: FxHashMap::default(),
            groups: Vec::new(),
            reasons: Vec::new(),
            person: None,
            seen: Vec::new(),
            reason: None,
        }
    }

    fn place(&mut self, hcode: &str) -> usize {
        if let Some(&place) = self.places.get(hcode) {
            return place;
        }
        let code = group_code(self.units, self.level, hcode);
        let known = self.groups.iter().position(|(group, ..)| group == code);
        let place = known.unwrap_or_else(|| {
            self.groups.push((code.to_owned(), 0, 0));
            self.groups.len() - 1
        });
        self.places.insert(hcode.to_owned(), place);
        place
    }

    fn take(&mut self, line: &Line<'_>) -> crate::store::Result<()> {
        let person = line.int(0)?;
        if person.is_none() {
            let place = self.place(line.str(1)?.unwrap_or_default());
            self.groups[place].2 += line.int(3)?.unwrap_or(0).unsigned_abs();
            return Ok(());
        }
        if person != self.person {
            self.flush();
            self.person = person;
        }
        let place = self.place(line.str(1)?.unwrap_or_default());
        let counts = line.int(2)?.unwrap_or(0) > 0;
        let reached = counts && line.int(3)?.unwrap_or(0) > 0;
        match self.seen.iter_mut().find(|(group, ..)| *group == place) {
            Some((_, den, num)) => {
                *den |= counts;
                *num |= reached;
            }
            None => self.seen.push((place, counts, reached)),
        }
        if let Some(reason) = line.str(4)? {
            let known = self.reasons.iter().position(|(name, _)| name == reason);
            let at = known.unwrap_or_else(|| {
                self.reasons.push((reason.to_owned(), 0));
                self.reasons.len() - 1
            });
            let at = match self.reason {
                // Of several the first in the alphabet: the order of rows of
                // one person is nobody's promise.
                Some(old) if self.reasons[old].0 <= self.reasons[at].0 => old,
                _ => at,
            };
            self.reason = Some(at);
        }
        Ok(())
    }

    /// Adds the present person to its groups.
    fn flush(&mut self) {
        let mut reached_somewhere = false;
        for (group, counts, reached) in self.seen.drain(..) {
            let (_, denominator, numerator) = &mut self.groups[group];
            *denominator += u64::from(counts);
            *numerator += u64::from(reached);
            reached_somewhere |= reached;
        }
        if let Some(reason) = self.reason.take().filter(|_| !reached_somewhere) {
            self.reasons[reason].1 += 1;
        }
    }

    fn into_tally(self) -> Tally {
        let amount = |count: u64| Amount::new(count as i64, 0);
        let groups = self.groups.into_iter().filter(|(_, den, num)| *den > 0 || *num > 0);
        Tally {
            groups: groups
                .map(|(code, denominator, numerator)| {
                    let sums = Sums {
                        numerator: amount(numerator),
                        denominator: amount(denominator),
                        ..Sums::default()
                    };
                    (code, sums)
                })
                .collect(),
            excluded: self.reasons.into_iter().filter(|(_, count)| *count > 0).collect(),
        }
    }
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
        let value = value_of(definition, &sums);
        KpiRow {
            name: level.name_of(&code, units),
            code,
            numerator: sums.numerator,
            denominator: sums.denominator,
            value: value.map(value_text),
            target: target.map(value_text),
            met: value.zip(target).map(|(value, target)| definition.meets(value, target)),
        }
    });
    KpiResult {
        kpi: definition.id.clone(),
        period: Span { name: period.to_string(), start: days.start, end: days.end },
        level,
        rows: rows.collect(),
        excluded: tally.excluded,
        not_computable,
    }
}

/// The value as it is shown, which is also the one held against the target.
fn value_of(definition: &Definition, sums: &Sums) -> Option<Decimal> {
    let now = value(definition.scale, sums.numerator, sums.denominator)?;
    if definition.scale != Scale::Change {
        return Some(two_places(now));
    }
    let before = value(definition.scale, sums.before.0, sums.before.1)?;
    Some(two_places(now - before))
}

impl NotComputable {
    fn nothing_reported(period: &Period) -> Self {
        Self {
            needs: "reported".to_owned(),
            text: Names {
                th: format!("ยังไม่มีการรายงานค่าของ {period}"),
                en: format!("nothing was reported for {period}"),
            },
        }
    }
}
