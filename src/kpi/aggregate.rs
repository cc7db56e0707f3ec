//! What the rows of a query come to, before units are put together by level:
//! sums of each unit, and how many persons count alike.
//!
//! It is kept by unit and by cohort of persons (who is known at which units), so
//! that a part of it can be counted again and put in its place.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::KpiError;
use super::amount::Amount;
use super::definition::{CountingUnit, Definition, ValueScale};
use super::level::Level;
use super::period::PeriodDays;
use super::query::Query;
use super::result::{Tally, group_code};
use super::session::{Session, borrowed};
use crate::store::{QueryRow, Reader, Result as StoreResult, SqlValue};
use crate::units::Units;

/// Sums over the rows of a unit that have a reason, or none, in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RowSums {
    /// Why they do not count.
    pub reason: Option<String>,
    /// How many they are.
    pub rows: u64,
    /// Numerator and denominator, and those of a year before.
    pub num: i64,
    pub den: i64,
    pub num_before: i64,
    pub den_before: i64,
}

/// How persons count.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct MembershipPattern {
    /// Units in whose denominator they are, each with whether in the
    /// numerator too.
    pub at: Vec<(String, bool)>,
    /// Why they do not count, or what was done for them does not.
    pub reason: Option<String>,
}

/// How many persons count how.
pub(super) type PersonCounts = Vec<(MembershipPattern, u64)>;

/// What rows come to.
#[derive(Debug, Default)]
pub(super) struct Aggregates {
    /// By unit.
    pub units: BTreeMap<String, Vec<RowSums>>,
    /// By cohort of persons.
    pub cohorts: BTreeMap<u32, PersonCounts>,
    /// Whether there were persons of no cohort.
    pub unclassified: bool,
}

/// Cohort id of persons that belong to no cohort.
pub(crate) const NO_COHORT: u32 = u32::MAX;

/// Streams what a query answers over the rows that the reader sees.
pub(super) fn aggregate(
    session: &mut Session<'_>,
    definition: &Definition,
    query: &Query,
    days: &PeriodDays,
    cohort_of: &dyn Fn(i64) -> u32,
) -> Result<Aggregates, KpiError> {
    let values = session.prepare(definition, query, days)?;
    let params = borrowed(&values);
    match definition.counts {
        CountingUnit::Persons => persons(session.reader, query, &params, cohort_of),
        _ => rows(session.reader, definition, query, &params),
    }
    .map_err(|cause| KpiError::from_store(&definition.id, cause))
}

/// Streams persons in order, so that each is counted once and memory stays
/// the same however many there are.
fn persons(
    reader: &Reader,
    query: &Query,
    params: &[(&str, SqlValue)],
    cohort_of: &dyn Fn(i64) -> u32,
) -> StoreResult<Aggregates> {
    let sql = format!(
        "SELECT person, hcode, den, num, reason FROM ({}) AS q
         WHERE den > 0 OR num > 0 OR reason IS NOT NULL ORDER BY person",
        query.text
    );
    let mut counter = PersonAggregator::new(cohort_of);
    reader.each_line(&sql, params, |line| counter.take(line))?;
    Ok(counter.finish())
}

/// Adds rows up by unit.
fn rows(
    reader: &Reader,
    definition: &Definition,
    query: &Query,
    params: &[(&str, SqlValue)],
) -> StoreResult<Aggregates> {
    let before = match definition.scale {
        ValueScale::Change => "sum(num_before), sum(den_before)",
        _ => "0, 0",
    };
    let sql = format!(
        "SELECT hcode, reason, count(*), sum(num), sum(den), {before} FROM ({}) AS q
         GROUP BY hcode, reason ORDER BY hcode, reason",
        query.text
    );
    let mut counted = Aggregates::default();
    reader.each_line(&sql, params, |line| {
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

impl Tally {
    /// Adds sums of a unit.
    pub(super) fn add_unit(
        &mut self,
        (units, level): (&Units, Level),
        hcode: &str,
        sums: &[RowSums],
        places: u32,
    ) {
        for sum in sums {
            let group = self.group(group_code(units, level, hcode));
            group.numerator.add(Amount::new(sum.num, places));
            group.denominator.add(Amount::new(sum.den, 0));
            group.before.0.add(Amount::new(sum.num_before, places));
            group.before.1.add(Amount::new(sum.den_before, 0));
            if let Some(reason) = &sum.reason {
                *self.excluded.entry(reason.clone()).or_default() += sum.rows;
            }
        }
    }

    /// Adds persons who count alike: each once in a group.
    pub(super) fn add_persons(
        &mut self,
        (units, level): (&Units, Level),
        pattern: &MembershipPattern,
        count: u64,
    ) {
        let mut groups: Vec<(&str, bool)> = Vec::new();
        for (hcode, reached) in &pattern.at {
            let code = group_code(units, level, hcode);
            match groups.iter_mut().find(|(group, _)| *group == code) {
                Some((_, num)) => *num |= reached,
                None => groups.push((code, *reached)),
            }
        }
        let amount = |count: u64| Amount::new(count as i64, 0);
        for (code, reached) in &groups {
            let group = self.group(code);
            group.denominator.add(amount(count));
            group.numerator.add(amount(if *reached { count } else { 0 }));
        }
        if let Some(reason) = &pattern.reason
            && !groups.iter().any(|(_, reached)| *reached)
        {
            *self.excluded.entry(reason.clone()).or_default() += count;
        }
    }
}

/// Counts persons that come in order.
pub(super) struct PersonAggregator<'a> {
    cohort_of: &'a dyn Fn(i64) -> u32,
    units: Vec<String>,
    places: FxHashMap<String, u32>,
    /// Sums of rows without a person, by unit.
    sums: FxHashMap<u32, i64>,
    reasons: Vec<String>,
    person: Option<i64>,
    /// Units of the present person: in the denominator, in the numerator.
    seen: Vec<(u32, bool, bool)>,
    /// Why the present person is in no denominator, and why what was done for
    /// one who is does not count.
    kept_out: Option<usize>,
    not_reached: Option<usize>,
    /// How many persons count how: cohort, reason, units as numbers.
    patterns: FxHashMap<Box<[u32]>, u64>,
    key: Vec<u32>,
}

impl<'a> PersonAggregator<'a> {
    /// `cohort_of` tells the cohort of a person.
    pub(super) fn new(cohort_of: &'a dyn Fn(i64) -> u32) -> Self {
        Self {
            cohort_of,
            units: Vec::new(),
            places: FxHashMap::default(),
            sums: FxHashMap::default(),
            reasons: Vec::new(),
            person: None,
            seen: Vec::new(),
            kept_out: None,
            not_reached: None,
            patterns: FxHashMap::default(),
            key: Vec::new(),
        }
    }

    fn place(&mut self, hcode: &str) -> u32 {
        if let Some(&place) = self.places.get(hcode) {
            return place;
        }
        let place = self.units.len() as u32;
        self.units.push(hcode.to_owned());
        self.places.insert(hcode.to_owned(), place);
        place
    }

    /// Takes a row: person, unit, denominator, numerator, reason.
    pub(super) fn take(&mut self, line: &QueryRow<'_>) -> StoreResult<()> {
        let person = line.int(0)?;
        if person.is_none() {
            let place = self.place(line.str(1)?.unwrap_or_default());
            let num = line.int(3)?.unwrap_or(0).unsigned_abs();
            *self.sums.entry(place).or_default() += num as i64;
            return Ok(());
        }
        if person != self.person {
            self.flush();
            self.person = person;
        }
        let place = self.place(line.str(1)?.unwrap_or_default());
        let counts = line.int(2)?.unwrap_or(0) > 0;
        let reached = counts && line.int(3)?.unwrap_or(0) > 0;
        match self.seen.iter_mut().find(|(unit, ..)| *unit == place) {
            Some((_, den, num)) => {
                *den |= counts;
                *num |= reached;
            }
            None => self.seen.push((place, counts, reached)),
        }
        if let Some(reason) = line.str(4)? {
            let known = self.reasons.iter().position(|name| name == reason);
            let at = known.unwrap_or_else(|| {
                self.reasons.push(reason.to_owned());
                self.reasons.len() - 1
            });
            let place = if counts { &mut self.not_reached } else { &mut self.kept_out };
            let at = match *place {
                // SQL gives no row order within a person, so take the
                // alphabetically first reason.
                Some(old) if self.reasons[old] <= self.reasons[at] => old,
                _ => at,
            };
            *place = Some(at);
        }
        Ok(())
    }

    /// Counts the present person among those who count alike.
    fn flush(&mut self) {
        let Some(person) = self.person else { return };
        self.seen.retain(|(_, den, _)| *den);
        self.seen.sort_unstable();
        // Who counts by one row is not kept out by another: one of two pregnancies
        // may have ended too early.
        let (kept_out, not_reached) = (self.kept_out.take(), self.not_reached.take());
        let reason = if self.seen.is_empty() { kept_out } else { not_reached };
        let reason = reason.map_or(0, |at| at as u32 + 1);
        if reason == 0 && self.seen.is_empty() {
            return;
        }
        self.key.clear();
        self.key.extend([(self.cohort_of)(person), reason]);
        self.key.extend(self.seen.drain(..).map(|(unit, _, num)| unit << 1 | u32::from(num)));
        match self.patterns.get_mut(self.key.as_slice()) {
            Some(count) => *count += 1,
            None => {
                self.patterns.insert(self.key.as_slice().into(), 1);
            }
        }
    }

    /// What it all comes to.
    pub(super) fn finish(mut self) -> Aggregates {
        self.flush();
        let mut all = Aggregates::default();
        for (unit, num) in &self.sums {
            let sums = RowSums { num: *num, ..RowSums::default() };
            all.units.insert(self.units[*unit as usize].clone(), vec![sums]);
        }
        for (key, count) in &self.patterns {
            let unit = |key: &u32| (self.units[(key >> 1) as usize].clone(), key & 1 == 1);
            let mut at: Vec<(String, bool)> = key[2..].iter().map(unit).collect();
            at.sort_unstable();
            let reason = (key[1] as usize).checked_sub(1).map(|at| self.reasons[at].clone());
            all.unclassified |= key[0] == NO_COHORT;
            all.cohorts.entry(key[0]).or_default().push((MembershipPattern { at, reason }, *count));
        }
        all.cohorts.values_mut().for_each(|patterns| patterns.sort_unstable());
        all
    }
}
