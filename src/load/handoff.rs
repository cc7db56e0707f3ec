//! While archive N is written, N+1 is validated. Person look-ups of N+1 that N may
//! change are answered from N's changes, or block until N is committed, so that
//! the outcome is that of loading one after the other.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use crate::row::{Batch, Person, PersonChanges, PersonFact, PersonIndex};
use crate::store::{Reader, StoreError, StoredPersons};

/// Whether an archive was committed, once that is known.
#[derive(Debug, Default)]
pub(super) struct CommitSignal {
    committed: Mutex<Option<bool>>,
    resolved: Condvar,
}

impl CommitSignal {
    /// Sets the result and wakes the threads that wait for it. Only the first call
    /// counts.
    pub fn resolve(&self, committed: bool) {
        let mut state = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        state.get_or_insert(committed);
        self.resolved.notify_all();
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
                None => state = self.resolved.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The archive before the one that is validated: not stored yet.
pub struct Predecessor {
    pub(super) signal: Arc<CommitSignal>,
    /// What it says of persons, when it is validated to its end.
    pub(super) facts: Receiver<PersonChanges>,
    /// Batches that its writer is done with, to be filled again.
    pub(super) pool: BatchPool,
}

/// Sender and receiver of empty batches, which go back to the validator.
pub(super) type BatchPool = (Sender<Batch>, Receiver<Batch>);

/// Answers for persons from the store as it will be when the archive before
/// is stored.
pub(super) struct PersonLookup {
    stored: StoredPersons,
    before: Option<(Predecessor, Option<PersonChanges>)>,
}

impl PersonLookup {
    pub fn new(reader: Reader, before: Option<Predecessor>) -> Self {
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
            facts.as_ref().map_or(PersonFact::Unresolved, |facts| facts.lookup(hospcode, pid));
        let stored = match fact {
            _ if before.signal.is_committed() => true,
            PersonFact::Untouched => return None,
            PersonFact::Sure(person) => return Some(person),
            PersonFact::Unresolved => before.signal.wait(),
        };
        if stored {
            self.before = None;
            // The state of the store from before that is of no use now.
            self.stored.pause();
        } else {
            // Nobody will write what is validated on the word of an archive that
            // is not stored.
            let what = "the archive before this one was not stored".to_owned();
            self.stored.trouble.get_or_insert(StoreError::Inconsistent(what));
        }
        None
    }
}

impl PersonIndex for PersonLookup {
    fn find(&mut self, hospcode: &str, pid: &str) -> Person {
        self.of_before(hospcode, pid).unwrap_or_else(|| self.stored.find(hospcode, pid))
    }

    fn pause(&mut self) {
        self.stored.pause();
    }
}
