//! An archive that is validated on a thread of its own, and written by the caller
//! in its turn.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded};

use super::commit::{broken, commit, refuse};
use super::error::LoadError;
use super::examine::{
    ArchiveOutcome, ValidatedArchive, ValidatorContext, ValidatorResult, validate,
};
use super::handoff::{BatchPool, CommitSignal, Predecessor};
use super::keys::Keys;
use super::outcome;
use super::request::{LoadRequest, PlaceOf, Prepare};
use super::writer::{InsertTally, LoadLayout, MESSAGES_AHEAD, Message, write};
use crate::row::PersonChanges;
use crate::store::{Store, SubmissionWriter};
use crate::submission::{Problem, Submission};

/// An archive that is being validated. Nothing of it is stored before
/// [`PendingLoad::write`]; dropping it leaves no trace.
pub struct PendingLoad {
    request: LoadRequest,
    /// The state of the store's other writers when validation began.
    version: i64,
    signal: Arc<CommitSignal>,
    /// Signal of the archive before, on whose person changes this one relies.
    before: Option<Arc<CommitSignal>>,
    facts: Option<Receiver<PersonChanges>>,
    messages: Option<Receiver<Message>>,
    pool: BatchPool,
    validator: Option<JoinHandle<ValidatorResult>>,
}

impl PendingLoad {
    /// Begins to validate, against the store as it will be when the archive
    /// `before` is stored.
    ///
    /// # Errors
    /// Errors of opening a reader of the database, and of starting a thread.
    pub fn begin(
        store: &Store,
        request: LoadRequest,
        before: Option<Predecessor>,
    ) -> Result<Self, LoadError> {
        Self::begin_guarded(Some(store), request, before, (false, None))
    }

    /// Begins to validate an archive that is only checked: without a store.
    ///
    /// # Errors
    /// Errors of opening a reader of the database, and of starting a thread.
    pub fn alone(request: LoadRequest) -> Result<Self, LoadError> {
        Self::begin_guarded(None, request, None, (false, None))
    }

    /// The same, when something is to be done before the archive is read.
    ///
    /// # Errors
    /// Errors of opening a reader of the database, and of starting a thread.
    pub fn prepared(
        store: &Store,
        request: LoadRequest,
        before: Option<Predecessor>,
        prepare: Prepare,
    ) -> Result<Self, LoadError> {
        Self::begin_guarded(Some(store), request, before, (false, Some(prepare)))
    }

    /// The same, `guarded` or not: see [`ArchiveValidator::guarded`].
    fn begin_guarded(
        store: Option<&Store>,
        request: LoadRequest,
        before: Option<Predecessor>,
        (guarded, prepare): (bool, Option<Prepare>),
    ) -> Result<Self, LoadError> {
        let version = store.map_or(Ok(0), Store::version)?;
        let asked = store.filter(|_| request.id.is_some());
        let reader = asked.map_or(Ok(None), Store::reader)?;
        let (sender, messages) = bounded(MESSAGES_AHEAD);
        // Archives that follow each other share their batches.
        let pool = before.as_ref().map(|before| before.pool.clone());
        let pool = pool.unwrap_or_else(|| bounded(MESSAGES_AHEAD + 2));
        let spares = pool.1.clone();
        let (facts_tx, facts) = bounded(1);
        let ours = request.clone();
        let signal_before = before.as_ref().map(|before| Arc::clone(&before.signal));
        let context = ValidatorContext { request: ours, sender, spares, facts_tx, guarded };
        let run = move || validate(&context, reader, before, prepare);
        let validator = Builder::new().name("validate".to_owned()).spawn(run)?;
        let (facts, messages) = (Some(facts), Some(messages));
        let signal = Arc::default();
        let (before, validator) = (signal_before, Some(validator));
        Ok(Self { request, version, signal, before, facts, messages, pool, validator })
    }

    /// Stores rows, counts and findings in one transaction. `on_progress` is
    /// called now and then; it may begin the archive that follows this one,
    /// with what it is given.
    ///
    /// # Errors
    /// Errors of the database and of reading the file; nothing is stored then.
    pub fn write(
        mut self,
        store: &Store,
        place: PlaceOf,
        on_progress: &mut dyn FnMut(&mut Option<Predecessor>),
    ) -> Result<Submission, LoadError> {
        let mut guarded = false;
        loop {
            let Some(shape) = self.shape() else { return self.broken(store, place) };
            let loading = store.load(self.request.id.unwrap_or(1), shape.round, guarded)?;
            // Nobody else can write from here on. What others wrote since
            // validation began (a void, an import) may bear on the outcome.
            let why = if store.version()? == self.version && self.stands() {
                if let Some(done) = self.rows(store, loading, &shape, place, on_progress)? {
                    return Ok(done);
                }
                guarded = true;
                "members are broken"
            } else {
                drop(loading);
                "the store has changed"
            };
            log::debug!("{why}: {} is validated again", self.request.name.escape_debug());
            self = Self::begin_guarded(Some(store), self.request.clone(), None, (guarded, None))?;
        }
    }

    /// What comes of an archive that is only checked, as it would of one that
    /// is stored first of all; nothing when it has more rows than can be told
    /// apart without a store.
    ///
    /// # Errors
    /// Errors of reading the file, and of the temporary database.
    pub fn check(mut self) -> Result<Option<Submission>, LoadError> {
        loop {
            let shape = self.shape();
            let mut written = Vec::new();
            if let (Some(shape), Some(messages)) = (&shape, &self.messages) {
                let mut keys = Keys::new(&self.request.environment, shape);
                match write(messages, &self.pool.0, &mut keys, shape, &mut || ()) {
                    Ok(counted) => written = counted,
                    Err(_) => return Ok(None),
                }
            }
            match self.outcome(None)? {
                ArchiveOutcome::Broken(said) => return Ok(Some(broken(said.0, said.1))),
                ArchiveOutcome::Members(archive) => {
                    return self.completed(*archive, written).map(Some);
                }
                ArchiveOutcome::Again => {
                    let guarded = (true, None);
                    self = Self::begin_guarded(None, self.request.clone(), None, guarded)?;
                }
            }
        }
    }

    /// Whether what it was validated on is stored.
    fn stands(&self) -> bool {
        self.before.as_ref().is_none_or(|signal| signal.is_committed())
    }

    /// What is to be written; nothing when the archive is broken, or cannot be
    /// read.
    fn shape(&self) -> Option<LoadLayout> {
        match self.messages.as_ref()?.recv() {
            Ok(Message::Opened(shape)) => Some(shape),
            _ => None,
        }
    }

    /// Writes the rows; nothing came of it when all is to be validated again.
    fn rows(
        &mut self,
        store: &Store,
        mut loading: SubmissionWriter,
        shape: &LoadLayout,
        place: PlaceOf,
        on_progress: &mut dyn FnMut(&mut Option<Predecessor>),
    ) -> Result<Option<Submission>, LoadError> {
        let facts = self.facts.take();
        let (signal, pool) = (&self.signal, &self.pool);
        let mut next = facts.map(|facts| Predecessor {
            signal: Arc::clone(signal),
            facts,
            pool: pool.clone(),
        });
        let mut on_progress = || on_progress(&mut next);
        on_progress();
        let written = match &self.messages {
            Some(messages) => write(messages, &self.pool.0, &mut loading, shape, &mut on_progress)?,
            None => Vec::new(),
        };
        match self.outcome(Some(store))? {
            ArchiveOutcome::Broken(said) => {
                drop(loading);
                self.refuse(store, place, *said).map(Some)
            }
            ArchiveOutcome::Members(archive) => {
                self.complete(loading, *archive, written, place).map(Some)
            }
            ArchiveOutcome::Again => Ok(None),
        }
    }

    fn complete(
        &self,
        loading: SubmissionWriter,
        archive: ValidatedArchive,
        written: Vec<InsertTally>,
        place: PlaceOf,
    ) -> Result<Submission, LoadError> {
        crate::crash_point("validated");
        let mut submission = self.completed(archive, written)?;
        if self.request.id.is_some() {
            commit(&self.request, place, loading, &mut submission)?;
            self.signal.resolve(true);
        }
        Ok(submission)
    }

    /// What was said and what was counted, put together.
    fn completed(
        &self,
        archive: ValidatedArchive,
        written: Vec<InsertTally>,
    ) -> Result<Submission, LoadError> {
        let ValidatedArchive { mut submission, name, contents, outcomes } = archive;
        let both = (outcomes, written);
        outcome::complete(
            &self.request.environment,
            name.standard,
            &mut submission,
            contents,
            both,
        )
        .map_err(LoadError::Bug)?;
        Ok(submission)
    }

    /// An archive that is broken before a row was read.
    fn broken(mut self, store: &Store, place: PlaceOf) -> Result<Submission, LoadError> {
        match self.outcome(Some(store))? {
            ArchiveOutcome::Broken(said) => self.refuse(store, place, *said),
            ArchiveOutcome::Members(_) | ArchiveOutcome::Again => {
                Err(LoadError::Bug("validated without being opened".to_owned()))
            }
        }
    }

    fn refuse(
        &self,
        store: &Store,
        place: PlaceOf,
        (submission, problem): (Submission, Problem),
    ) -> Result<Submission, LoadError> {
        let submission = refuse(store, &self.request, place, submission, problem)?;
        self.signal.resolve(true);
        Ok(submission)
    }

    /// What the validator found, when it is done.
    fn outcome(&mut self, store: Option<&Store>) -> Result<ArchiveOutcome, LoadError> {
        let Some(validator) = self.validator.take() else {
            return Err(LoadError::Bug("asked twice for the outcome".to_owned()));
        };
        let (outcome, reader) =
            validator.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if let (Some(reader), Some(store)) = (reader, store) {
            store.give_back(reader);
        }
        outcome
    }
}

impl Drop for PendingLoad {
    fn drop(&mut self) {
        // Whoever was validated on the word of this one must not wait for ever.
        self.signal.resolve(false);
        // Without a writer the validator ends.
        self.messages = None;
        if let Some(validator) = self.validator.take()
            && validator.join().is_err()
        {
            log::error!("validating {} ended in a panic", self.request.name.escape_debug());
        }
    }
}
