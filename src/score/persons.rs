//! The persons that rows are about: for every (unit, PID) of PERSON, what scoring
//! needs. It is read once and kept compact, because millions of rows look it up.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::rulebook::Rulebook;
use crate::files::hex;
use crate::registry::{Members, citizen};
use crate::row::canonical_int;
use crate::store::{QueryRow, RawValue, Reader, Result, SqlValue};

const PERSONS: &str = include_str!("../../schema/score/persons.sql");
const DEATHS: &str = include_str!("../../schema/score/deaths.sql");

/// Day of death of a living person: later than any day.
const NEVER: i32 = i32::MAX;

/// A PID or similar identifier within a unit. It has the same key whether it is
/// stored as a number or as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum PersonKey {
    Int(i64),
    Text(Box<str>),
}

impl PersonKey {
    fn read(value: RawValue<'_>) -> Self {
        match value {
            RawValue::Int(number) => Self::Int(number),
            RawValue::Text(text) => {
                canonical_int(text).map_or_else(|| Self::Text(text.into()), Self::Int)
            }
            RawValue::Null => Self::Text("".into()),
        }
    }
}

/// Codes of units as small numbers.
#[derive(Debug, Default)]
pub(super) struct PersonCodes {
    by_key: FxHashMap<PersonKey, u32>,
    names: Vec<String>,
    last: Option<(PersonKey, u32)>,
}

impl PersonCodes {
    /// The number of a unit's code, made when it is new.
    pub(super) fn number(&mut self, value: RawValue<'_>) -> u32 {
        let key = PersonKey::read(value);
        // Rows of a unit lie together.
        if let Some((last, number)) = &self.last
            && *last == key
        {
            return *number;
        }
        let next = self.names.len() as u32;
        let number = *self.by_key.entry(key.clone()).or_insert(next);
        if number == next {
            self.names.push(match &key {
                PersonKey::Int(number) => number.to_string(),
                PersonKey::Text(text) => text.to_string(),
            });
        }
        self.last = Some((key, number));
        number
    }

    /// All codes that were seen.
    pub(super) fn all(&self) -> &[String] {
        &self.names
    }

    /// The code of a number.
    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}

/// What scoring knows about one (unit, PID).
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoredPerson {
    /// Citizen ID; 0 when there is none of 13 digits.
    pub(super) cid: u64,
    /// Day of birth; 0 when it is not known.
    pub(super) birth: i32,
    /// First day on which the person is known to be dead.
    died: i32,
    /// Round of the register that says so.
    round: i16,
    /// Lives in the area.
    pub(super) resident: bool,
    /// Said to be no Thai.
    pub(super) non_thai: bool,
    /// In the registry.
    pub(super) listed: bool,
}

/// All persons in PERSON.
#[derive(Debug, Default)]
pub(super) struct ScoredPersons {
    numbers: FxHashMap<(u32, i64), u32>,
    texts: FxHashMap<(u32, Box<str>), u32>,
    list: Vec<ScoredPerson>,
    /// Where in the list the persons of a unit begin: they lie together.
    runs: Vec<(u32, u32)>,
    /// Days of death by citizen ID: a death that one unit knows is a death.
    deaths: FxHashMap<u64, i32>,
    /// The round scored.
    round: i16,
}

impl ScoredPersons {
    /// Reads PERSON and DEATH as of a submission. Of several registers that of
    /// the round scored counts, else the nearest earlier, else the nearest later
    /// (docs/rules.md#points).
    pub(super) fn read(
        reader: &Reader,
        book: &Rulebook,
        as_of: i64,
        codes: &mut PersonCodes,
    ) -> Result<Self> {
        let mut persons = Self { round: book.round as i16, ..Self::default() };
        let unknown = book.person.nation_unknown.iter().map(|code| code.trim_start_matches('0'));
        let unknown = unknown.collect::<Vec<_>>().join("|");
        let params = [
            (":as_of", SqlValue::Int(as_of)),
            (":resident", SqlValue::Text(resident(book))),
            (":thai", SqlValue::Text(book.person.thai.clone())),
            (":dead", SqlValue::Text(book.person.dead.clone())),
            (":nation_unknown", SqlValue::Text(format!("|{unknown}|"))),
        ];
        reader.each_line(PERSONS, &params, |line| persons.add(line, codes))?;
        // What a later register alone says of a person is news of its round: it
        // holds for that person there, and moves nobody else.
        let scored = persons.round;
        for person in persons.list.iter().filter(|p| p.died != NEVER && p.round <= scored) {
            earliest(&mut persons.deaths, person.cid, person.died);
        }
        reader.each_line(DEATHS, &params, |line| persons.add_death(line, codes))?;
        persons.deaths.remove(&0);
        Ok(persons)
    }

    /// Takes a row of DEATH. Whose it is PERSON says; where that was taken back,
    /// the row itself.
    fn add_death(&mut self, line: &QueryRow<'_>, codes: &mut PersonCodes) -> Result<()> {
        let unit = codes.number(line.raw(0)?);
        let died = line.int(2)?.unwrap_or_default() as i32;
        let own = citizen(line.raw(3)?).unwrap_or(0);
        let mut cid = own;
        if let Some(at) = self.place(unit, line.raw(1)?) {
            let person = &mut self.list[at];
            person.died = person.died.min(died);
            if person.cid != 0 {
                cid = person.cid;
            }
        }
        earliest(&mut self.deaths, cid, died);
        Ok(())
    }

    /// Citizen IDs that stand in where there is no registry: those of the
    /// registers that count, but for later ones, which move no finished round.
    pub(super) fn members(&self) -> Members {
        let counted = self.list.iter().filter(|p| p.cid != 0 && p.round <= self.round);
        counted.map(|person| person.cid).collect()
    }

    /// Notes who is in the population; where PERSON stands in for it, everybody
    /// with a citizen ID is.
    pub(super) fn list(&mut self, members: &Members, stands_in: bool) {
        for person in &mut self.list {
            person.listed = person.cid != 0 && (stands_in || members.have(person.cid));
        }
    }

    fn add(&mut self, line: &QueryRow<'_>, codes: &mut PersonCodes) -> Result<()> {
        let unit = codes.number(line.raw(0)?);
        let yes = |column| Ok::<bool, crate::store::StoreError>(line.int(column)? == Some(1));
        let cid = citizen(line.raw(2)?).unwrap_or(0);
        let died = line.int(8)?.unwrap_or_default() as i32;
        let person = ScoredPerson {
            cid,
            round: line.int(3)?.unwrap_or_default() as i16,
            birth: line.int(4)?.unwrap_or_default() as i32,
            resident: yes(5)?,
            non_thai: yes(6)?,
            died: if yes(7)? { died } else { NEVER },
            listed: false,
        };
        let next = self.list.len() as u32;
        let at = match PersonKey::read(line.raw(1)?) {
            PersonKey::Int(pid) => *self.numbers.entry((unit, pid)).or_insert(next),
            PersonKey::Text(pid) => *self.texts.entry((unit, pid)).or_insert(next),
        };
        if at == next {
            if self.runs.last().is_none_or(|(last, _)| *last != unit) {
                self.runs.push((unit, next));
            }
            self.list.push(person);
        } else if self.distance(&person) < self.distance(&self.list[at as usize]) {
            self.list[at as usize] = person;
        }
        Ok(())
    }

    /// How far a register is from the round scored: later ones are the last.
    fn distance(&self, person: &ScoredPerson) -> (bool, i16) {
        (person.round > self.round, (person.round - self.round).abs())
    }

    /// By unit a digest of what its persons take from beyond its own rows: who
    /// is in the population, and deaths that other units know of. PERSON and
    /// DEATH of the unit itself are not in it.
    pub(super) fn beyond(&self, codes: &PersonCodes) -> BTreeMap<String, String> {
        let ends = self.runs.iter().skip(1).map(|(_, start)| *start as usize);
        let mut hashes: BTreeMap<u32, Sha256> = BTreeMap::new();
        for ((unit, start), end) in self.runs.iter().zip(ends.chain([self.list.len()])) {
            let hash = hashes.entry(*unit).or_default();
            for person in &self.list[*start as usize..end] {
                let died = self.deaths.get(&person.cid).copied().unwrap_or(NEVER);
                hash.update([u8::from(person.listed)]);
                hash.update(died.to_be_bytes());
            }
        }
        let named =
            |(unit, hash): (u32, Sha256)| (codes.name(unit).to_owned(), hex(&hash.finalize()));
        hashes.into_iter().map(named).collect()
    }

    /// A digest of all days of death.
    pub(super) fn deaths(&self) -> String {
        let mut all: Vec<(u64, i32)> = self.deaths.iter().map(|(cid, day)| (*cid, *day)).collect();
        all.sort_unstable();
        let mut hash = Sha256::new();
        for (cid, day) in all {
            hash.update(cid.to_be_bytes());
            hash.update(day.to_be_bytes());
        }
        hex(&hash.finalize())
    }

    fn place(&self, unit: u32, pid: RawValue<'_>) -> Option<usize> {
        let at = match PersonKey::read(pid) {
            PersonKey::Int(pid) => self.numbers.get(&(unit, pid)),
            PersonKey::Text(pid) => self.texts.get(&(unit, pid)),
        };
        at.map(|at| *at as usize)
    }

    /// The person of a row, if PERSON has it.
    pub(super) fn find(&self, unit: u32, pid: RawValue<'_>) -> Option<&ScoredPerson> {
        self.place(unit, pid).map(|at| &self.list[at])
    }

    /// Whether somebody was alive at the end of a day.
    pub(super) fn alive(&self, person: Option<&ScoredPerson>, cid: u64, day: i64) -> bool {
        let own = person.map_or(NEVER, |person| person.died);
        let known = self.deaths.get(&cid).copied().unwrap_or(NEVER);
        day < i64::from(own.min(known))
    }
}

/// Keeps the earlier of two days.
fn earliest(deaths: &mut FxHashMap<u64, i32>, cid: u64, day: i32) {
    let known = deaths.entry(cid).or_insert(NEVER);
    *known = day.min(*known);
}

/// The TYPEAREA codes of residents, as a parameter of queries.
pub(super) fn resident(book: &Rulebook) -> String {
    format!("|{}|", book.person.resident.join("|"))
}
