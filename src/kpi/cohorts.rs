//! Cohorts of persons: those whom the same units know. What counts for a person
//! rests on rows of units that know the person, so that a cohort rests on the
//! rows of its units and on who is in it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::aggregate::NO_COHORT;
use crate::files::hex;
use crate::store::{RawValue, Reader, Result};

/// Whom a unit knows, in any round of the register: more than any one period
/// goes by, which makes cohorts smaller and nothing wrong.
pub(crate) const KNOWN: &str = include_str!("../../schema/kpi/parts/known.sql");

/// Persons whom the same units know.
#[derive(Debug)]
pub(crate) struct Cohort {
    /// Its units, in order.
    pub units: Vec<String>,
    /// A digest of who is in it.
    pub members: String,
    /// How many are.
    pub size: usize,
}

/// All cohorts of a state of the store.
#[derive(Debug, Default)]
pub(crate) struct Cohorts {
    pub list: Vec<Cohort>,
    of_person: FxHashMap<i64, u32>,
}

impl Cohorts {
    /// Reads who is known where.
    pub(crate) fn read(reader: &Reader) -> Result<Self> {
        let (units, known) = known(reader)?;
        let mut by_units: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut hashes: Vec<(Sha256, usize)> = Vec::new();
        let mut of_person = FxHashMap::default();
        for rows in known.chunk_by(|a, b| a.0 == b.0) {
            let person = rows[0].0;
            let place: Vec<u32> = rows.iter().map(|(_, unit)| *unit).collect();
            let next = by_units.len() as u32;
            let cohort = *by_units.entry(place).or_insert(next);
            if cohort == next {
                hashes.push((Sha256::new(), 0));
            }
            let (hash, size) = &mut hashes[cohort as usize];
            hash.update(person.to_be_bytes());
            *size += 1;
            of_person.insert(person, cohort);
        }
        let mut units_of: Vec<(u32, Vec<u32>)> =
            by_units.into_iter().map(|(units, cohort)| (cohort, units)).collect();
        units_of.sort_unstable();
        let list = units_of.into_iter().zip(hashes).map(|((_, at), (hash, size))| {
            let mut of: Vec<String> = at.iter().map(|unit| units[*unit as usize].clone()).collect();
            of.sort_unstable();
            Cohort { units: of, members: hex(&hash.finalize()), size }
        });
        Ok(Self { list: list.collect(), of_person })
    }

    /// The cohort of a person.
    pub(crate) fn cohort_of(&self, person: i64) -> u32 {
        self.of_person.get(&person).copied().unwrap_or(NO_COHORT)
    }

    /// How many persons there are.
    pub(crate) fn persons(&self) -> usize {
        self.of_person.len()
    }

    /// Everybody in some cohorts, sorted.
    pub(crate) fn members(&self, cohorts: &[u32]) -> Vec<i64> {
        let mut wanted = vec![false; self.list.len()];
        for cohort in cohorts {
            wanted[*cohort as usize] = true;
        }
        let all = self.of_person.iter().filter(|(_, cohort)| wanted[**cohort as usize]);
        let mut members: Vec<i64> = all.map(|(person, _)| *person).collect();
        members.sort_unstable();
        members
    }
}

impl Cohort {
    /// Its key in the cache: the codes of its units.
    pub(crate) fn name(&self) -> String {
        self.units.join(" ")
    }
}

/// Each person with each unit that knows the person, in order and once.
type KnownPersons = (Vec<String>, Vec<(i64, u32)>);

fn known(reader: &Reader) -> Result<KnownPersons> {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut last: Option<(String, u32)> = None;
    let mut known: Vec<(i64, u32)> = Vec::new();
    reader.each_line(KNOWN, &[], |line| {
        let Some(person) = line.int(2)? else { return Ok(()) };
        let number = match (line.raw(0)?, &last) {
            // Rows of a unit lie together.
            (RawValue::Text(text), Some((last, number))) if text == last => *number,
            (raw, _) => {
                let code = match raw {
                    RawValue::Text(text) => text.to_owned(),
                    RawValue::Int(number) => number.to_string(),
                    RawValue::Null => String::new(),
                };
                let next = numbers.len() as u32;
                let number = *numbers.entry(code.clone()).or_insert(next);
                last = Some((code, number));
                number
            }
        };
        // Rounds of a person lie together, too.
        if known.last() != Some(&(person, number)) {
            known.push((person, number));
        }
        Ok(())
    })?;
    known.sort_unstable();
    known.dedup();
    let mut units = vec![String::new(); numbers.len()];
    for (code, number) in numbers {
        units[number as usize] = code;
    }
    Ok((units, known))
}
