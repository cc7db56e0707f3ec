//! What the rows of a query come to, before units are put together by level:
//! sums of each unit, and how many persons count alike.
//!
//! It is kept apart by units and by classes of persons (who is known at which
//! units), so that a part of it can be counted again and put in its place.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::calculator::{Tally, group_code};
use super::level::Level;
use crate::store::Line;
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
pub(super) struct Pattern {
    /// Units in whose denominator they are, each with whether in the
    /// numerator too.
    pub at: Vec<(String, bool)>,
    /// Why they do not count, or what was done for them does not.
    pub reason: Option<String>,
}

/// How many persons count how.
pub(super) type Persons = Vec<(Pattern, u64)>;

/// What rows come to.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// By unit.
    pub units: BTreeMap<String, Vec<RowSums>>,
    /// By class of persons.
    pub classes: BTreeMap<u32, Persons>,
    /// Persons of no class.
    pub strays: bool,
}

/// The class of persons of none.
pub(super) const NO_CLASS: u32 = u32::MAX;

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
        pattern: &Pattern,
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
pub(super) struct Counter<'a> {
    class_of: &'a dyn Fn(i64) -> u32,
    units: Vec<String>,
    places: FxHashMap<String, u32>,
    /// Sums of rows without a person, by unit.
    sums: FxHashMap<u32, i64>,
    reasons: Vec<String>,
    person: Option<i64>,
    /// Units of the present person: in the denominator, in the numerator.
    seen: Vec<(u32, bool, bool)>,
    reason: Option<usize>,
    /// How many persons count how: class, reason, units as numbers.
    patterns: FxHashMap<Box<[u32]>, u64>,
    key: Vec<u32>,
}

impl<'a> Counter<'a> {
    /// `class_of` tells the class of a person.
    pub(super) fn new(class_of: &'a dyn Fn(i64) -> u32) -> Self {
        Self {
            class_of,
            units: Vec::new(),
            places: FxHashMap::default(),
            sums: FxHashMap::default(),
            reasons: Vec::new(),
            person: None,
            seen: Vec::new(),
            reason: None,
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
    pub(super) fn take(&mut self, line: &Line<'_>) -> crate::store::Result<()> {
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
            let at = match self.reason {
                // Of several the first in the alphabet: the order of rows of
                // one person is nobody's promise.
                Some(old) if self.reasons[old] <= self.reasons[at] => old,
                _ => at,
            };
            self.reason = Some(at);
        }
        Ok(())
    }

    /// Counts the present person among those who count alike.
    fn flush(&mut self) {
        let Some(person) = self.person else { return };
        self.seen.retain(|(_, den, _)| *den);
        self.seen.sort_unstable();
        let reason = self.reason.take().map_or(0, |at| at as u32 + 1);
        if reason == 0 && self.seen.is_empty() {
            return;
        }
        self.key.clear();
        self.key.extend([(self.class_of)(person), reason]);
        self.key.extend(self.seen.drain(..).map(|(unit, _, num)| unit << 1 | u32::from(num)));
        match self.patterns.get_mut(self.key.as_slice()) {
            Some(count) => *count += 1,
            None => {
                self.patterns.insert(self.key.as_slice().into(), 1);
            }
        }
    }

    /// What it all comes to.
    pub(super) fn counted(mut self) -> Counted {
        self.flush();
        let mut counted = Counted::default();
        for (unit, num) in &self.sums {
            let sums = RowSums { num: *num, ..RowSums::default() };
            counted.units.insert(self.units[*unit as usize].clone(), vec![sums]);
        }
        for (key, count) in &self.patterns {
            let unit = |key: &u32| (self.units[(key >> 1) as usize].clone(), key & 1 == 1);
            let mut at: Vec<(String, bool)> = key[2..].iter().map(unit).collect();
            at.sort_unstable();
            let reason = (key[1] as usize).checked_sub(1).map(|at| self.reasons[at].clone());
            counted.strays |= key[0] == NO_CLASS;
            counted.classes.entry(key[0]).or_default().push((Pattern { at, reason }, *count));
        }
        counted.classes.values_mut().for_each(|patterns| patterns.sort_unstable());
        counted
    }
}
