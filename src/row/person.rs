//! What validating a row needs to know of persons: who is in PERSON, and when
//! they were born and died. The store is asked through a trait, so that this
//! layer stays free of I/O.

use rustc_hash::FxHashMap;

use super::packed::{digits_key, number_key};

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
    /// This archive said something of the person that another round or another
    /// row may decide: only the store can tell, when it has the archive.
    unresolved: bool,
}

impl From<Person> for Entry {
    fn from(person: Person) -> Self {
        Self { person, stored_death: person.death, unresolved: false }
    }
}

/// What an archive that is not stored yet will have changed for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonFact {
    /// Nothing: the archive does not mention the person.
    Untouched,
    /// This is the person as it will be stored.
    Sure(Person),
    /// Only the store can tell, when it has the archive.
    Unresolved,
}

/// What an archive says of persons, for validating the next one before this one
/// is stored.
#[derive(Debug, Default)]
pub struct PersonChanges {
    units: Vec<UnitPersons>,
}

impl PersonChanges {
    /// What the archive will have changed for a person.
    pub fn lookup(&self, hospcode: &str, pid: &str) -> PersonFact {
        let unit = self.units.iter().find(|unit| unit.hospcode == hospcode);
        match unit.and_then(|unit| unit.persons.get(pid)) {
            None => PersonFact::Untouched,
            Some(entry) if entry.unresolved => PersonFact::Unresolved,
            Some(entry) => PersonFact::Sure(entry.person),
        }
    }
}

/// Where earlier archives' persons are asked for.
pub trait PersonIndex: Send {
    /// The person, `known: false` when not in PERSON.
    fn find(&mut self, hospcode: &str, pid: &str) -> Person;

    /// Told now and then that nothing may be asked for a while: what is held
    /// between questions is let go of.
    fn pause(&mut self) {}
}

/// For validating without a store.
#[derive(Debug, Default)]
pub struct NoStore;

impl PersonIndex for NoStore {
    fn find(&mut self, _: &str, _: &str) -> Person {
        Person::default()
    }
}

/// Something about persons of one unit, by their PID.
#[derive(Debug)]
pub struct ByPid<T> {
    /// Those whose PID is a number, by [`digits_key`].
    numbered: FxHashMap<u64, T>,
    named: FxHashMap<Box<str>, T>,
}

impl<T> Default for ByPid<T> {
    fn default() -> Self {
        Self { numbered: FxHashMap::default(), named: FxHashMap::default() }
    }
}

impl<T> ByPid<T> {
    /// What is there of a person.
    pub fn get(&self, pid: &str) -> Option<&T> {
        match digits_key(pid) {
            Some(number) => self.numbered.get(&number),
            None => self.named.get(pid),
        }
    }

    /// What is there of a person, and is put there first if nothing is.
    pub fn get_or_put(&mut self, pid: &str, new: impl FnOnce() -> T) -> &mut T {
        match digits_key(pid) {
            Some(number) => self.numbered.entry(number).or_insert_with(new),
            None => {
                if !self.named.contains_key(pid) {
                    self.named.insert(pid.into(), new());
                }
                self.named.get_mut(pid).expect("was put there above")
            }
        }
    }

    /// As [`ByPid::get_or_put`], of a PID that is this number without leading
    /// zeros.
    pub fn get_or_put_number(&mut self, pid: i64, new: impl FnOnce() -> T) -> &mut T {
        match number_key(pid) {
            Some(number) => self.numbered.entry(number).or_insert_with(new),
            None => self.get_or_put(&pid.to_string(), new),
        }
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.numbered.values_mut().chain(self.named.values_mut())
    }
}

/// Persons of one unit that this archive has mentioned so far.
#[derive(Debug, Default)]
struct UnitPersons {
    hospcode: String,
    persons: ByPid<Entry>,
}

/// Persons that this archive has mentioned so far, over the index.
pub struct PersonContext<'a> {
    index: &'a mut dyn PersonIndex,
    units: Vec<UnitPersons>,
}

impl<'a> PersonContext<'a> {
    /// No person mentioned yet.
    pub fn new(index: &'a mut dyn PersonIndex) -> Self {
        Self { index, units: Vec::new() }
    }

    /// The person, asked of the index at first mention.
    pub fn get(&mut self, hospcode: &str, pid: &str) -> Person {
        self.entry(hospcode, pid).person
    }

    /// Nothing may be asked for a while.
    pub fn pause(&mut self) {
        self.index.pause();
    }

    /// Puts an accepted PERSON row on record.
    pub fn accept(&mut self, hospcode: &str, pid: &str, birth: i32, sex: u8) {
        let Entry { person, unresolved, .. } = self.entry(hospcode, pid);
        if !person.known {
            (person.birth, person.sex, person.known) = (birth, sex, true);
        } else if (person.birth, person.sex) != (birth, sex) {
            // The register of a new round goes before that of an older one.
            *unresolved = true;
        }
    }

    /// Puts an accepted DEATH row on record.
    pub fn died(&mut self, hospcode: &str, pid: &str, death: i32) {
        let entry = self.entry(hospcode, pid);
        entry.person.death = death;
        // The store keeps the first DEATH, which may be another one.
        entry.unresolved = true;
    }

    /// Forgets what this archive said, when its PERSON is taken back.
    pub fn forget(&mut self) {
        self.units.clear();
    }

    /// Forgets what this archive said of deaths, when its DEATH is taken back.
    pub fn forget_deaths(&mut self) {
        for unit in &mut self.units {
            for entry in unit.persons.values_mut() {
                entry.person.death = entry.stored_death;
            }
        }
    }

    /// What was said of persons, to be handed on.
    pub fn take_facts(&mut self) -> PersonChanges {
        PersonChanges { units: std::mem::take(&mut self.units) }
    }

    fn entry(&mut self, hospcode: &str, pid: &str) -> &mut Entry {
        let at =
            self.units.iter().position(|unit| unit.hospcode == hospcode).unwrap_or_else(|| {
                self.units
                    .push(UnitPersons { hospcode: hospcode.to_owned(), ..UnitPersons::default() });
                self.units.len() - 1
            });
        let Self { index, units } = self;
        units[at].persons.get_or_put(pid, || index.find(hospcode, pid).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one person of old, number 1.
    struct One;

    impl PersonIndex for One {
        fn find(&mut self, _: &str, pid: &str) -> Person {
            let known = Person { birth: 20_000_101, death: 0, sex: 1, known: true };
            if pid == "1" { known } else { Person::default() }
        }
    }

    #[test]
    fn what_the_next_archive_may_believe_before_this_one_is_stored() {
        let mut index = One;
        let mut persons = PersonContext::new(&mut index);
        persons.accept("10670", "1", 20_000_101, 1); // as it was
        persons.accept("10670", "2", 20_100_101, 2); // new
        persons.accept("10670", "3", 20_100_101, 2);
        persons.accept("10670", "3", 20_100_102, 2); // two rows that differ
        persons.accept("10670", "A", 20_100_101, 2);
        persons.died("10670", "4", 20_130_101);
        persons.get("10670", "5");
        persons.accept("04001", "1", 20_000_102, 1); // not as it was
        let facts = persons.take_facts();
        let sure = |birth, sex| PersonFact::Sure(Person { birth, death: 0, sex, known: true });
        for (unit, pid, fact) in [
            ("10670", "1", sure(20_000_101, 1)),
            ("10670", "2", sure(20_100_101, 2)),
            ("10670", "3", PersonFact::Unresolved),
            ("10670", "A", sure(20_100_101, 2)),
            ("10670", "4", PersonFact::Unresolved),
            ("10670", "5", PersonFact::Sure(Person::default())),
            ("10670", "6", PersonFact::Untouched),
            ("04001", "1", PersonFact::Unresolved),
            ("04002", "1", PersonFact::Untouched),
        ] {
            assert_eq!(facts.lookup(unit, pid), fact, "{unit} {pid}");
        }
    }
}
