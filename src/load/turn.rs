//! Archives are judged ahead: while one is written the next is judged already.
//! What the next asks of persons that this one mentions is answered by what
//! this one said, or waits until it is stored, so that the outcome is that of
//! one after the other.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use crate::row::{Batch, Person, PersonChanges, PersonIndex, PersonLookup};
use crate::store::{Reader, StoreError, StoredPersons};

/// What became of an archive, once that is known: whether it is committed.
#[derive(Debug, Default)]
pub(super) struct Turn {
    committed: Mutex<Option<bool>>,
    told: Condvar,
}

impl Turn {
    /// Tells it to whoever waits. The first word counts.
    pub fn tell(&self, committed: bool) {
        let mut state = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        state.get_or_insert(committed);
        self.told.notify_all();
    }

    /// Whether it is known, and committed.
    pub fn is_committed(&self) -> bool {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) == Some(true)
    }

    /// Waits until it is known.
    fn wait(&self) -> bool {
        let mut state = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *state {
                Some(committed) => return committed,
                None => state = self.told.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The archive before the one that is judged: not stored yet.
pub struct Before {
    pub(super) turn: Arc<Turn>,
    /// What it says of persons, when it is judged to its end.
    pub(super) facts: Receiver<PersonChanges>,
    /// Batches that its writer is done with, to be filled again.
    pub(super) spare: Spare,
}

/// Both ends of the way on which empty batches go back to a judge.
pub(super) type Spare = (Sender<Batch>, Receiver<Batch>);

/// Answers for persons from the store as it will be when the archive before
/// is stored.
pub(super) struct Earlier {
    stored: StoredPersons,
    before: Option<(Before, Option<PersonChanges>)>,
}

impl Earlier {
    pub fn new(reader: Reader, before: Option<Before>) -> Self {
        Self { stored: reader.into_person_index(), before: before.map(|before| (before, None)) }
    }

    /// Gives the reader back, or tells the trouble that it met.
    pub fn end(mut self) -> Result<Reader, StoreError> {
        self.stored.pause();
        match self.stored.trouble.take() {
            Some(trouble) => Err(trouble),
            None => Ok(self.stored.into_reader()),
        }
    }

    /// What the archive before makes of a person; nothing when only the store
    /// is to be asked, which then has all that concerns the person.
    fn of_before(&mut self, hospcode: &str, pid: &str) -> Option<Person> {
        let (before, facts) = self.before.as_mut()?;
        if facts.is_none() {
            *facts = before.facts.recv().ok();
        }
        let fact =
            facts.as_ref().map_or(PersonLookup::Unresolved, |facts| facts.lookup(hospcode, pid));
        let stored = match fact {
            _ if before.turn.is_committed() => true,
            PersonLookup::Untouched => return None,
            PersonLookup::Sure(person) => return Some(person),
            PersonLookup::Unresolved => before.turn.wait(),
        };
        if stored {
            self.before = None;
            // The state of the store from before that is of no use now.
            self.stored.pause();
        } else {
            // Nobody will write what is judged on the word of an archive that
            // is not stored.
            let what = "the archive before this one was not stored".to_owned();
            self.stored.trouble.get_or_insert(StoreError::Inconsistent(what));
        }
        None
    }
}

impl PersonIndex for Earlier {
    fn find(&mut self, hospcode: &str, pid: &str) -> Person {
        self.of_before(hospcode, pid).unwrap_or_else(|| self.stored.find(hospcode, pid))
    }

    fn pause(&mut self) {
        self.stored.pause();
    }
}
