//! What judging a row needs to know of persons: who is in PERSON, and when
//! they were born and died. The store is asked through a trait, so that this
//! layer stays free of I/O.

use rustc_hash::FxHashMap;

use super::number::canonical_int;

/// Facts of a person in PERSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Person {
    /// Birth, `YYYYMMDD`; 0 when unknown.
    pub birth: i32,
    /// Death, `YYYYMMDD`; 0 when not known to be dead.
    pub death: i32,
    /// SEX; 0 when unknown.
    pub sex: u8,
    /// In PERSON: stored, or accepted from this archive.
    pub known: bool,
}

/// A person with what the store alone says of the death, so that what this
/// archive's DEATH said can be taken back.
#[derive(Debug, Clone, Copy)]
struct Entry {
    person: Person,
    stored_death: i32,
}

impl From<Person> for Entry {
    fn from(person: Person) -> Self {
        Self { person, stored_death: person.death }
    }
}

/// Where earlier archives' persons are asked for.
pub trait PersonIndex: Send {
    /// The person, `known: false` when not in PERSON.
    fn find(&mut self, hospcode: &str, pid: &str) -> Person;
}

/// For judging without a store.
#[derive(Debug, Default)]
pub struct NoStore;

impl PersonIndex for NoStore {
    fn find(&mut self, _: &str, _: &str) -> Person {
        Person::default()
    }
}

/// Persons of one unit that this archive has mentioned so far.
#[derive(Debug, Default)]
struct Unit {
    hospcode: String,
    numbered: FxHashMap<i64, Entry>,
    named: FxHashMap<Box<str>, Entry>,
}

/// Persons that this archive has mentioned so far, over the index.
pub struct Persons<'a> {
    index: &'a mut dyn PersonIndex,
    units: Vec<Unit>,
}

impl<'a> Persons<'a> {
    /// No person mentioned yet.
    pub fn new(index: &'a mut dyn PersonIndex) -> Self {
        Self { index, units: Vec::new() }
    }

    /// The person, asked of the index at first mention.
    pub fn get(&mut self, hospcode: &str, pid: &str) -> Person {
        self.entry(hospcode, pid).person
    }

    /// Puts an accepted PERSON row on record.
    pub fn accept(&mut self, hospcode: &str, pid: &str, birth: i32, sex: u8) {
        let person = &mut self.entry(hospcode, pid).person;
        if !person.known {
            (person.birth, person.sex, person.known) = (birth, sex, true);
        }
    }

    /// Puts an accepted DEATH row on record.
    pub fn died(&mut self, hospcode: &str, pid: &str, death: i32) {
        self.entry(hospcode, pid).person.death = death;
    }

    /// Forgets what this archive said, when its PERSON is taken back.
    pub fn forget(&mut self) {
        self.units.clear();
    }

    /// Forgets what this archive said of deaths, when its DEATH is taken back.
    pub fn forget_deaths(&mut self) {
        for unit in &mut self.units {
            for entry in unit.numbered.values_mut().chain(unit.named.values_mut()) {
                entry.person.death = entry.stored_death;
            }
        }
    }

    fn entry(&mut self, hospcode: &str, pid: &str) -> &mut Entry {
        let at =
            self.units.iter().position(|unit| unit.hospcode == hospcode).unwrap_or_else(|| {
                self.units.push(Unit { hospcode: hospcode.to_owned(), ..Unit::default() });
                self.units.len() - 1
            });
        let Self { index, units } = self;
        let unit = &mut units[at];
        match canonical_int(pid) {
            Some(number) => {
                unit.numbered.entry(number).or_insert_with(|| index.find(hospcode, pid).into())
            }
            None => {
                if !unit.named.contains_key(pid) {
                    unit.named.insert(pid.into(), index.find(hospcode, pid).into());
                }
                unit.named.get_mut(pid).expect("was put there above")
            }
        }
    }
}
