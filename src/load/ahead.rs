//! An archive that is judged on a thread of its own, and written when its turn
//! has come.

#[cfg(fuzzing)]
pub mod fuzzing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::judging::JudgeSide;
use super::lines::{Buffers, Reading};
use super::members::{self, Contents, Refusal};
use super::pipeline::{AHEAD, Message, Shape, Written, write};
use super::turn::{Before, Earlier, Spare, Turn};
use super::visits::Visits;
use super::{LoadError, Places, commit, gate_name, name_into, new_submission, outcome, refuse};
use crate::archive::{Archive, ArchiveName};
use crate::clock::{day_number, fiscal_year_of, round_of};
use crate::priority::go_ahead_when_idle;
use crate::row::{
    Batch, Context, NoStore, PersonChanges, PersonContext, PersonIndex, ValidationOutcome,
};
use crate::store::{Loading, Reader, Store};
use crate::submission::{Problem, Status, Submission};
use crate::world::World;

/// An archive that is to be loaded.
#[derive(Clone)]
pub struct Claim {
    /// What it is judged by.
    pub world: Arc<World>,
    /// Where it lies.
    pub path: PathBuf,
    /// Its name as sent.
    pub name: String,
    /// The number of its submission; none when it is only checked.
    pub id: Option<i64>,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// When it is being loaded.
    pub now: DateTime<FixedOffset>,
    /// Told the inflated bytes that have been read.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// Where the original may lie, by outcome. The first place that is promised to
/// no other submission is taken.
pub type PlaceOf<'a> = &'a dyn Fn(Status) -> Option<Places<'a>>;

/// What is done before an archive is read, on the thread that judges it.
pub type Prepare = Box<dyn FnOnce() -> std::io::Result<()> + Send>;

/// What the judge found.
enum Judged {
    /// The archive is broken as a whole.
    Broken(Box<(Submission, Problem)>),
    /// What was said of its members.
    Members(Box<Judgement>),
    /// Members have to be taken back, and nobody was prepared for that.
    Again,
}

struct Judgement {
    submission: Submission,
    name: ArchiveName,
    contents: Contents,
    verdicts: Vec<ValidationOutcome>,
}

/// What a judge's thread ends with: what it found, and the reader to give back.
type End = (Result<Judged, LoadError>, Option<Reader>);

/// An archive that is being judged. Nothing of it is stored before
/// [`Ahead::write`]; dropped, it is as if it had never been begun.
pub struct Ahead {
    claim: Claim,
    /// The state of the store's other writers when judging began.
    version: i64,
    turn: Arc<Turn>,
    /// Of the archive on whose word this one was judged.
    before: Option<Arc<Turn>>,
    facts: Option<Receiver<PersonChanges>>,
    messages: Option<Receiver<Message>>,
    spare: Spare,
    judge: Option<JoinHandle<End>>,
}

impl Ahead {
    /// Begins to judge, against the store as it will be when the archive
    /// `before` is stored.
    pub fn begin(store: &Store, claim: Claim, before: Option<Before>) -> Result<Self, LoadError> {
        Self::begin_guarded(store, claim, before, (false, None))
    }

    /// The same, when something is to be done before the archive is read.
    pub fn prepared(
        store: &Store,
        claim: Claim,
        before: Option<Before>,
        prepare: Prepare,
    ) -> Result<Self, LoadError> {
        Self::begin_guarded(store, claim, before, (false, Some(prepare)))
    }

    /// The same, `guarded` or not: see [`JudgeSide::guarded`].
    fn begin_guarded(
        store: &Store,
        claim: Claim,
        before: Option<Before>,
        (guarded, prepare): (bool, Option<Prepare>),
    ) -> Result<Self, LoadError> {
        let version = store.version()?;
        let reader = if claim.id.is_some() { store.reader()? } else { None };
        let (sender, messages) = bounded(AHEAD);
        // Archives that follow each other share their batches.
        let spare = before.as_ref().map(|before| before.spare.clone());
        let spare = spare.unwrap_or_else(|| bounded(AHEAD + 2));
        let spares = spare.1.clone();
        let (say, facts) = bounded(1);
        let ours = claim.clone();
        let turn_before = before.as_ref().map(|before| Arc::clone(&before.turn));
        let way = Way { claim: ours, sender, spares, say, guarded };
        let run = move || judge(&way, reader, before, prepare);
        let judge = Builder::new().name("judge".to_owned()).spawn(run)?;
        let (facts, messages) = (Some(facts), Some(messages));
        let turn = Arc::default();
        let (before, judge) = (turn_before, Some(judge));
        Ok(Self { claim, version, turn, before, facts, messages, spare, judge })
    }

    /// Stores rows, counts and findings in one transaction. `between` is
    /// called now and then; it may begin the archive that follows this one,
    /// with what it is given.
    pub fn write(
        mut self,
        store: &Store,
        place: PlaceOf,
        between: &mut dyn FnMut(&mut Option<Before>),
    ) -> Result<Submission, LoadError> {
        let mut guarded = false;
        loop {
            let Some(shape) = self.shape() else { return self.broken(store, place) };
            let loading = store.load(self.claim.id.unwrap_or(1), shape.round, guarded)?;
            // Nobody else can write from here on. What others wrote since
            // judging began (a void, an import) may bear on the judgement.
            let why = if store.version()? == self.version && self.stands() {
                if let Some(done) = self.rows(store, loading, &shape, place, between)? {
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
        self.before.as_ref().is_none_or(|turn| turn.is_committed())
    }

    /// What is to be written; nothing when the archive is broken, or cannot be
    /// read.
    fn shape(&self) -> Option<Shape> {
        match self.messages.as_ref()?.recv() {
            Ok(Message::Opened(shape)) => Some(shape),
            _ => None,
        }
    }

    /// Writes the rows; nothing came of it when all is to be judged again.
    fn rows(
        &mut self,
        store: &Store,
        mut loading: Loading,
        shape: &Shape,
        place: PlaceOf,
        between: &mut dyn FnMut(&mut Option<Before>),
    ) -> Result<Option<Submission>, LoadError> {
        let facts = self.facts.take();
        let (turn, spare) = (&self.turn, &self.spare);
        let mut next =
            facts.map(|facts| Before { turn: Arc::clone(turn), facts, spare: spare.clone() });
        let mut between = || between(&mut next);
        between();
        let written = match &self.messages {
            Some(messages) => write(messages, &self.spare.0, &mut loading, shape, &mut between)?,
            None => Vec::new(),
        };
        match self.judged(store)? {
            Judged::Broken(said) => {
                drop(loading);
                self.refuse(store, place, *said).map(Some)
            }
            Judged::Members(judgement) => {
                self.complete(loading, *judgement, written, place).map(Some)
            }
            Judged::Again => Ok(None),
        }
    }

    fn complete(
        &self,
        loading: Loading,
        judgement: Judgement,
        written: Vec<Written>,
        place: PlaceOf,
    ) -> Result<Submission, LoadError> {
        crate::crash_point("judged");
        let Judgement { mut submission, name, contents, verdicts } = judgement;
        let both = (verdicts, written);
        outcome::complete(&self.claim.world, name.standard, &mut submission, contents, both)
            .map_err(LoadError::Bug)?;
        if self.claim.id.is_some() {
            commit(&self.claim, place, loading, &mut submission)?;
            self.turn.tell(true);
        }
        Ok(submission)
    }

    /// An archive that is broken before a row was read.
    fn broken(mut self, store: &Store, place: PlaceOf) -> Result<Submission, LoadError> {
        match self.judged(store)? {
            Judged::Broken(said) => self.refuse(store, place, *said),
            Judged::Members(_) | Judged::Again => {
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
        self.turn.tell(true);
        Ok(submission)
    }

    /// What the judge found, when it is done.
    fn judged(&mut self, store: &Store) -> Result<Judged, LoadError> {
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

impl Drop for Ahead {
    fn drop(&mut self) {
        // Whoever was judged on the word of this one must not wait for ever.
        self.turn.tell(false);
        // Without a writer the judge ends.
        self.messages = None;
        if let Some(judge) = self.judge.take()
            && judge.join().is_err()
        {
            log::error!("judging {} ended in a panic", self.claim.name.escape_debug());
        }
    }
}

/// What the judge's thread works with.
struct Way {
    claim: Claim,
    sender: Sender<Message>,
    spares: Receiver<Batch>,
    say: Sender<PersonChanges>,
    guarded: bool,
}

/// The judge's thread.
fn judge(
    way: &Way,
    reader: Option<Reader>,
    before: Option<Before>,
    prepare: Option<Prepare>,
) -> End {
    go_ahead_when_idle();
    if let Some(Err(error)) = prepare.map(|prepare| prepare()) {
        return (Err(error.into()), reader);
    }
    let Some(reader) = reader else {
        return (examine(way, &mut NoStore), None);
    };
    let mut index = Earlier::new(reader, before);
    let judged = examine(way, &mut index);
    match index.end() {
        Ok(reader) => (judged, Some(reader)),
        Err(trouble) => (judged.and(Err(trouble.into())), None),
    }
}

/// Name, structure, members, rows.
fn examine(way: &Way, index: &mut dyn PersonIndex) -> Result<Judged, LoadError> {
    let Way { claim, say, .. } = way;
    let world = &claim.world;
    let before = state_of(&claim.path)?;
    let mut submission = new_submission(claim)?;
    let name = match gate_name(claim) {
        Ok(name) => name,
        Err(trouble) => {
            let (problem, name) = *trouble;
            if let Some(name) = name {
                name_into(&mut submission, &name);
            }
            return Ok(refused(submission, problem, say));
        }
    };
    name_into(&mut submission, &name);
    let (standard, year) = (name.standard, fiscal_year_of(name.sent_at.date()));
    let opened = Archive::open(&claim.path, &world.config.limits)
        .map_err(|trouble| members::refusal(world, standard, trouble))
        .and_then(|archive| Ok((Contents::of(world, &archive, (standard, year))?, archive)));
    let judged = opened.and_then(|(mut contents, archive)| {
        let verdicts = rows(way, &name, index, (&archive, &mut contents))?;
        Ok(verdicts.map(|verdicts| (contents, verdicts)))
    });
    let (contents, verdicts) = match judged {
        Ok(Some(judged)) => judged,
        Ok(None) => return Ok(Judged::Again),
        Err(Refusal::Io(error)) => return Err(error.into()),
        Err(Refusal::Broken(problem)) => return Ok(refused(submission, *problem, say)),
    };
    if state_of(&claim.path)? != before {
        let what = "the archive changed while it was read";
        return Err(std::io::Error::other(what).into());
    }
    Ok(Judged::Members(Box::new(Judgement { submission, name, contents, verdicts })))
}

/// A broken archive says nothing of persons.
fn refused(submission: Submission, problem: Problem, say: &Sender<PersonChanges>) -> Judged {
    // Nobody may be listening.
    let _ = say.try_send(PersonChanges::default());
    Judged::Broken(Box::new((submission, problem)))
}

fn rows(
    way: &Way,
    name: &ArchiveName,
    index: &mut dyn PersonIndex,
    (archive, contents): (&Archive, &mut Contents),
) -> Result<Option<Vec<ValidationOutcome>>, Refusal> {
    let Way { claim, sender, spares, say, guarded } = way;
    let world = &claim.world;
    let limits = &world.config.limits;
    let may_send = world.units.may_send(&name.hcode);
    let context = Context {
        sent_day: day_number(name.sent_at.date()),
        on_time_days: i64::from(world.config.timeliness.days),
        blanks: &world.blanks,
        units: world.units.codes(),
        may_send: &may_send,
        store_answers: claim.id.is_some(),
        kept: limits.findings,
        warnings_kept: limits.warnings,
        left: limits.findings_in_all,
        persons: PersonContext::new(index),
    };
    let records = contents.members.iter().map(|member| member.record);
    let shape = Shape {
        round: round_of(name.sent_at.date()),
        tables: records.clone().collect(),
        keys: records.map(|record| world.catalog.records[record].key.clone()).collect(),
        sent: contents
            .members
            .iter()
            .map(|m| m.sent(world.plan(m.record, name.standard)))
            .collect(),
        kept: limits.findings,
        kept_in_all: limits.findings_in_all,
    };
    // A writer that is gone is noticed at the first row.
    let _ = sender.send(Message::Opened(shape));
    let mut side = JudgeSide {
        world,
        archive,
        standard: name.standard,
        year: fiscal_year_of(name.sent_at.date()),
        context,
        sender: sender.clone(),
        spare: spares.clone(),
        progress: claim.progress.as_ref(),
        visits: Visits::default(),
        buffers: Buffers::default(),
        readings: vec![Reading::Utf8; contents.members.len()],
        guarded: *guarded,
    };
    let Some(verdicts) = side.run(contents)? else { return Ok(None) };
    let _ = say.try_send(side.context.persons.take_facts());
    Ok(Some(verdicts))
}

/// Size and time of a file: a sender that stalled for longer than the settling
/// time may go on writing after the claim.
fn state_of(path: &Path) -> std::io::Result<(u64, Option<std::time::SystemTime>)> {
    let meta = path.metadata()?;
    Ok((meta.len(), meta.modified().ok()))
}
