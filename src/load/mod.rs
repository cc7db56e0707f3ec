//! One archive from claim to commit.
//!
//! [`load`] is the whole flow: name, structure, members, rows, store, counts.
//! What is the sender's fault becomes the outcome; only our own trouble is an
//! error.

mod lines;
mod members;
mod outcome;
mod pipeline;
pub mod receipt;
mod visits;

use std::path::Path;

use chrono::{DateTime, FixedOffset};

use crate::archive::{Archive, ArchiveName, NameError, sha256_file};
use crate::clock::{at_bangkok, day_number, round_of};
use crate::row::{Context, NoStore, PersonIndex, Persons};
use crate::store::{Loading, Reader, Store, StoreError};
use crate::submission::{Problem, Status, Submission};
use crate::world::World;

use members::{Contents, Refusal, problem};
use pipeline::Stop;

/// Our own trouble while loading; the archive stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("reading the archive: {0}")]
    Io(std::io::Error),
    /// A bug: counts that do not add up are never committed.
    #[error("internal: {0}")]
    Bug(String),
}

/// Places below the data folder, the best first.
pub type Places<'a> = Box<dyn Iterator<Item = String> + 'a>;

impl From<std::io::Error> for LoadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// An archive that is to be loaded.
pub struct Claim<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// Its name as sent.
    pub name: &'a str,
    /// The number of its submission; none when it is only checked.
    pub id: Option<i64>,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// When it is being loaded.
    pub now: DateTime<FixedOffset>,
    /// Where the original may lie, by outcome. The first place that is promised
    /// to no other submission is taken.
    pub place: &'a dyn Fn(Status) -> Option<Places<'a>>,
    /// Told the inflated bytes that have been read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// Judges an archive and stores its rows, counts and findings in one
/// transaction. Without a number it is judged only, against a store that is
/// thrown away.
pub fn load(world: &World, store: &mut Store, claim: &Claim) -> Result<Submission, LoadError> {
    let before = state_of(claim.path)?;
    let mut submission = new_submission(world, claim)?;
    let id = claim.id.unwrap_or(1);
    let name = match gate_name(world, claim) {
        Ok(name) => name,
        Err(trouble) => {
            let (problem, name) = *trouble;
            if let Some(name) = name {
                name_into(&mut submission, &name);
            }
            return refuse(store, claim, submission, problem, id);
        }
    };
    name_into(&mut submission, &name);
    let standard = name.standard;
    let opened = Archive::open(claim.path, &world.config.limits);
    let contents = opened
        .map_err(|trouble| members::refusal(world, standard, trouble))
        .and_then(|archive| Ok((Contents::of(world, &archive, standard)?, archive)));
    let (mut contents, archive) = match contents {
        Ok(contents) => contents,
        Err(refusal) => return refused(store, claim, submission, refusal, id),
    };
    let mut index = Index::of(store.reader()?.filter(|_| claim.id.is_some()));
    let may_send = world.units.may_send(&name.hcode);
    let context = Context {
        sent_day: day_number(name.sent_at.date()),
        on_time_days: i64::from(world.config.timeliness.days),
        units: world.units.codes(),
        may_send: &may_send,
        store_answers: claim.id.is_some(),
        kept: world.config.limits.findings,
        warnings_kept: world.config.limits.warnings,
        persons: Persons::new(index.ask()),
    };
    let mut loading = store.load(id, round_of(name.sent_at.date()))?;
    let ran = pipeline::run(
        world,
        &archive,
        standard,
        &mut contents,
        context,
        &mut loading,
        claim.progress,
    );
    let (verdicts, written) = match ran {
        Ok(ran) => ran,
        Err(Stop::Store(error)) => return Err(error.into()),
        Err(Stop::Refused(refusal)) => {
            drop(loading);
            return refused(store, claim, submission, refusal, id);
        }
    };
    index.give_back(store)?;
    if state_of(claim.path)? != before {
        let what = "the archive changed while it was read";
        return Err(std::io::Error::other(what).into());
    }
    crate::crash_point("judged");
    outcome::complete(world, standard, &mut submission, contents, verdicts, written)
        .map_err(LoadError::Bug)?;
    if claim.id.is_some() {
        commit(claim, loading, &mut submission)?;
    }
    Ok(submission)
}

/// Where persons of earlier archives are asked for.
enum Index {
    Stored(Box<crate::store::StoredPersons>),
    None(NoStore),
}

impl Index {
    fn of(reader: Option<Reader>) -> Self {
        reader.map_or(Self::None(NoStore), |reader| {
            Self::Stored(Box::new(reader.into_person_index()))
        })
    }

    fn ask(&mut self) -> &mut dyn PersonIndex {
        match self {
            Self::Stored(stored) => stored.as_mut(),
            Self::None(none) => none,
        }
    }

    /// Gives the reader back, or tells the trouble that it met.
    fn give_back(self, store: &Store) -> Result<(), StoreError> {
        let Self::Stored(mut stored) = self else { return Ok(()) };
        if let Some(trouble) = stored.trouble.take() {
            return Err(trouble);
        }
        store.give_back(stored.into_reader());
        Ok(())
    }
}

/// Size and time of a file: a sender that stalled for longer than the settling
/// time may go on writing after the claim.
fn state_of(path: &Path) -> std::io::Result<(u64, Option<std::time::SystemTime>)> {
    let meta = path.metadata()?;
    Ok((meta.len(), meta.modified().ok()))
}

fn new_submission(world: &World, claim: &Claim) -> Result<Submission, LoadError> {
    let bytes = std::fs::metadata(claim.path)?.len();
    // What is over the limit is refused unread; its hash would cost as much
    // as reading it.
    let (sha256, bytes) = if bytes > world.config.limits.archive_bytes {
        (String::new(), bytes)
    } else {
        sha256_file(claim.path)?
    };
    Ok(outcome::empty(claim.id, claim.name, sha256, bytes, &claim.received_at.to_rfc3339()))
}

/// What the name says, or what is wrong with it (A04, A05, A06).
fn gate_name(
    world: &World,
    claim: &Claim,
) -> Result<ArchiveName, Box<(Problem, Option<ArchiveName>)>> {
    let said = |code: &str, detail: String| problem(world, None, code, None, None, detail);
    let name = ArchiveName::parse(claim.name)
        .map_err(|error: NameError| (said(error.code(), claim.name.to_owned()), None))?;
    if !world.units.knows(&name.hcode) {
        return Err(Box::new((said("A05", name.hcode.clone()), Some(name))));
    }
    if name.in_future(claim.now.naive_local()) {
        let detail = format!("{} (now {})", name.sent_at, claim.now.format("%Y-%m-%d %H:%M"));
        return Err(Box::new((said("A06", detail), Some(name))));
    }
    Ok(name)
}

fn name_into(submission: &mut Submission, name: &ArchiveName) {
    submission.standard = Some(name.standard);
    submission.hcode = Some(name.hcode.clone());
    submission.sent_at = Some(at_bangkok(name.sent_at).to_rfc3339());
    submission.round = Some(round_of(name.sent_at.date()));
}

fn refused(
    store: &mut Store,
    claim: &Claim,
    submission: Submission,
    refusal: Refusal,
    id: i64,
) -> Result<Submission, LoadError> {
    match refusal {
        Refusal::Io(error) => Err(error.into()),
        Refusal::Broken(problem) => refuse(store, claim, submission, *problem, id),
    }
}

/// Puts a broken archive on record.
fn refuse(
    store: &mut Store,
    claim: &Claim,
    mut submission: Submission,
    problem: Problem,
    id: i64,
) -> Result<Submission, LoadError> {
    submission.status = Status::Broken;
    submission.problems = vec![problem];
    if claim.id.is_some() {
        let loading = store.load(id, submission.round.unwrap_or(0))?;
        commit(claim, loading, &mut submission)?;
    }
    Ok(submission)
}

/// Finds the original its place, writes the submission, and ends the
/// transaction.
fn commit(
    claim: &Claim,
    mut loading: Loading,
    submission: &mut Submission,
) -> Result<(), LoadError> {
    // Inside the transaction, so that no other process is promised it too.
    for place in (claim.place)(submission.status).into_iter().flatten() {
        if !loading.is_promised(&place)? {
            submission.stored = Some(place);
            break;
        }
    }
    loading.record(submission, &claim.now.to_rfc3339())?;
    crate::crash_point("recorded");
    loading.commit()?;
    crate::crash_point("committed");
    Ok(())
}
