//! One archive from claim to commit.
//!
//! [`load`] is the whole flow: name, structure, members, rows, store, counts.
//! What is the sender's fault becomes the outcome; only our own trouble is an
//! error.

mod ahead;
mod judging;
mod lines;
mod members;
mod odd;
mod outcome;
mod pipeline;
pub mod receipt;
mod turn;
mod visits;

use crate::archive::{ArchiveName, NameError, sha256_file};
use crate::clock::{at_bangkok, round_of};
use crate::store::{Loading, Store, StoreError};
use crate::submission::{Problem, Status, Submission};

#[cfg(fuzzing)]
pub use ahead::fuzzing;
pub use ahead::{Ahead, Claim, PlaceOf, Prepare};
use members::problem;
pub use turn::Before;

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

/// Judges an archive and stores its rows, counts and findings in one
/// transaction. Without a number it is judged only, against a store that is
/// thrown away.
pub fn load(store: &Store, claim: Claim, place: PlaceOf) -> Result<Submission, LoadError> {
    Ahead::begin(store, claim, None)?.write(store, place, &mut |_| ())
}

fn new_submission(claim: &Claim) -> Result<Submission, LoadError> {
    let bytes = std::fs::metadata(&claim.path)?.len();
    // What is over the limit is refused unread; its hash would cost as much
    // as reading it.
    let (sha256, bytes) = if bytes > claim.world.config.limits.archive_bytes {
        (String::new(), bytes)
    } else {
        sha256_file(&claim.path)?
    };
    Ok(outcome::empty(claim.id, &claim.name, sha256, bytes, &claim.received_at.to_rfc3339()))
}

/// What the name says, or what is wrong with it (A04, A05, A06).
fn gate_name(claim: &Claim) -> Result<ArchiveName, Box<(Problem, Option<ArchiveName>)>> {
    let world = &claim.world;
    let known = |hcode: &str| world.units.knows(hcode);
    ArchiveName::validate(&claim.name, known, claim.now.naive_local()).map_err(|(error, name)| {
        let detail = match (error, &name) {
            (NameError::UnknownUnit, Some(name)) => name.hcode.clone(),
            (NameError::Future, Some(name)) => {
                format!("{} (now {})", name.sent_at, claim.now.format("%Y-%m-%d %H:%M"))
            }
            _ => claim.name.clone(),
        };
        Box::new((problem(world, None, error.code(), None, None, detail), name))
    })
}

fn name_into(submission: &mut Submission, name: &ArchiveName) {
    submission.standard = Some(name.standard);
    submission.hcode = Some(name.hcode.clone());
    submission.sent_at = Some(at_bangkok(name.sent_at).to_rfc3339());
    submission.round = Some(round_of(name.sent_at.date()));
}

/// Puts a broken archive on record.
fn refuse(
    store: &Store,
    claim: &Claim,
    place: PlaceOf,
    mut submission: Submission,
    problem: Problem,
) -> Result<Submission, LoadError> {
    submission.status = Status::Broken;
    submission.problems = vec![problem];
    if let Some(id) = claim.id {
        let loading = store.load(id, submission.round.unwrap_or(0), false)?;
        commit(claim, place, loading, &mut submission)?;
    }
    Ok(submission)
}

/// Finds the original its place, writes the submission, and ends the
/// transaction.
fn commit(
    claim: &Claim,
    place: PlaceOf,
    mut loading: Loading,
    submission: &mut Submission,
) -> Result<(), LoadError> {
    // Inside the transaction, so that no other process is promised it too.
    for place in place(submission.status).into_iter().flatten() {
        if !loading.is_promised(&place)? {
            submission.stored = Some(place);
            break;
        }
    }
    // Nothing is stored of an archive that is not the one that was judged.
    if std::fs::metadata(&claim.path)?.len() != submission.bytes
        || (!submission.sha256.is_empty() && sha256_file(&claim.path)?.0 != submission.sha256)
    {
        return Err(std::io::Error::other("the archive changed while it was loaded").into());
    }
    loading.record(submission, &claim.now.to_rfc3339())?;
    crate::crash_point("recorded");
    loading.commit()?;
    crate::crash_point("committed");
    Ok(())
}
