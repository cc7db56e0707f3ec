//! An archive that is judged on a thread of its own, and written when its turn
//! has come.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded};

use super::commit::{commit, refuse};
use super::error::LoadError;
use super::examine::{
    ValidatedArchive, ValidationOutcome, ValidatorContext, ValidatorResult, judge,
};
use super::handoff::{BatchPool, CommitSignal, Predecessor};
use super::outcome;
use super::request::{LoadRequest, PlaceOf, Prepare};
use super::writer::{InsertTally, LoadLayout, MESSAGES_AHEAD, Message, write};
use crate::row::Facts;
use crate::store::{Store, SubmissionWriter};
use crate::submission::{Problem, Submission};

/// An archive that is being judged. Nothing of it is stored before
/// [`PendingLoad::write`]; dropped, it is as if it had never been begun.
pub struct PendingLoad {
    claim: LoadRequest,
    /// The state of the store's other writers when judging began.
    version: i64,
    signal: Arc<CommitSignal>,
    /// Of the archive on whose word this one was judged.
    before: Option<Arc<CommitSignal>>,
    facts: Option<Receiver<Facts>>,
    messages: Option<Receiver<Message>>,
    pool: BatchPool,
    judge: Option<JoinHandle<ValidatorResult>>,
}

impl PendingLoad {
    /// Begins to judge, against the store as it will be when the archive
    /// `before` is stored.
    pub fn begin(
        store: &Store,
        claim: LoadRequest,
        before: Option<Predecessor>,
    ) -> Result<Self, LoadError> {
        Self::begin_guarded(store, claim, before, (false, None))
    }

    /// The same, when something is to be done before the archive is read.
    pub fn prepared(
        store: &Store,
        claim: LoadRequest,
        before: Option<Predecessor>,
        prepare: Prepare,
    ) -> Result<Self, LoadError> {
        Self::begin_guarded(store, claim, before, (false, Some(prepare)))
    }

    /// The same, `guarded` or not: see [`ArchiveValidator::guarded`].
    fn begin_guarded(
        store: &Store,
        claim: LoadRequest,
        before: Option<Predecessor>,
        (guarded, prepare): (bool, Option<Prepare>),
    ) -> Result<Self, LoadError> {
        let version = store.version()?;
        let reader = if claim.id.is_some() { store.reader()? } else { None };
        let (sender, messages) = bounded(MESSAGES_AHEAD);
        // Archives that follow each other share their batches.
        let pool = before.as_ref().map(|before| before.pool.clone());
        let pool = pool.unwrap_or_else(|| bounded(MESSAGES_AHEAD + 2));
        let spares = pool.1.clone();
        let (facts_tx, facts) = bounded(1);
        let ours = claim.clone();
        let turn_before = before.as_ref().map(|before| Arc::clone(&before.signal));
        let way = ValidatorContext { claim: ours, sender, spares, facts_tx, guarded };
        let run = move || judge(&way, reader, before, prepare);
        let judge = Builder::new().name("judge".to_owned()).spawn(run)?;
        let (facts, messages) = (Some(facts), Some(messages));
        let signal = Arc::default();
        let (before, judge) = (turn_before, Some(judge));
        Ok(Self { claim, version, signal, before, facts, messages, pool, judge })
    }

    /// Stores rows, counts and findings in one transaction. `on_progress` is
    /// called now and then; it may begin the archive that follows this one,
    /// with what it is given.
    pub fn write(
        mut self,
        store: &Store,
        place: PlaceOf,
        on_progress: &mut dyn FnMut(&mut Option<Predecessor>),
    ) -> Result<Submission, LoadError> {
        let mut guarded = false;
        loop {
            let Some(shape) = self.shape() else { return self.broken(store, place) };
            let loading = store.load(self.claim.id.unwrap_or(1), shape.round, guarded)?;
            // Nobody else can write from here on. What others wrote since
            // judging began (a void, an import) may bear on the judgement.
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
            log::debug!("{why}: {} is judged again", self.claim.name.escape_debug());
            self = Self::begin_guarded(store, self.claim.clone(), None, (guarded, None))?;
        }
    }

    /// Whether what it was judged on is stored.
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

    /// Writes the rows; nothing came of it when all is to be judged again.
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
        match self.judged(store)? {
            ValidationOutcome::Broken(said) => {
                drop(loading);
                self.refuse(store, place, *said).map(Some)
            }
            ValidationOutcome::Members(judgement) => {
                self.complete(loading, *judgement, written, place).map(Some)
            }
            ValidationOutcome::Again => Ok(None),
        }
    }

    fn complete(
        &self,
        loading: SubmissionWriter,
        judgement: ValidatedArchive,
        written: Vec<InsertTally>,
        place: PlaceOf,
    ) -> Result<Submission, LoadError> {
        crate::crash_point("judged");
        let ValidatedArchive { mut submission, name, contents, verdicts } = judgement;
        let both = (verdicts, written);
        outcome::complete(&self.claim.world, name.standard, &mut submission, contents, both)
            .map_err(LoadError::Bug)?;
        if self.claim.id.is_some() {
            commit(&self.claim, place, loading, &mut submission)?;
            self.signal.resolve(true);
        }
        Ok(submission)
    }

    /// An archive that is broken before a row was read.
    fn broken(mut self, store: &Store, place: PlaceOf) -> Result<Submission, LoadError> {
        match self.judged(store)? {
            ValidationOutcome::Broken(said) => self.refuse(store, place, *said),
            ValidationOutcome::Members(_) | ValidationOutcome::Again => {
                Err(LoadError::Bug("judged without being opened".to_owned()))
            }
        }
    }

    fn refuse(
        &self,
        store: &Store,
        place: PlaceOf,
        (submission, problem): (Submission, Problem),
    ) -> Result<Submission, LoadError> {
        let submission = refuse(store, &self.claim, place, submission, problem)?;
        self.signal.resolve(true);
        Ok(submission)
    }

    /// What the judge found, when it is done.
    fn judged(&mut self, store: &Store) -> Result<ValidationOutcome, LoadError> {
        let Some(judge) = self.judge.take() else {
            return Err(LoadError::Bug("asked twice for what was judged".to_owned()));
        };
        let (judged, reader) =
            judge.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if let Some(reader) = reader {
            store.give_back(reader);
        }
        judged
    }
}

impl Drop for PendingLoad {
    fn drop(&mut self) {
        // Whoever was judged on the word of this one must not wait for ever.
        self.signal.resolve(false);
        // Without a writer the judge ends.
        self.messages = None;
        if let Some(judge) = self.judge.take()
            && judge.join().is_err()
        {
            log::error!("judging {} ended in a panic", self.claim.name.escape_debug());
        }
    }
}
