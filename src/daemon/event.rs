//! Everything that can wake the daemon, with what its threads report.

use super::scheduled::work::WorkDone;
use crate::inbox::Claimed;
use crate::submission::Submission;

/// Everything that can wake the daemon.
#[derive(Debug)]
pub(super) enum Event {
    /// Time has passed.
    Tick,
    /// Something may have changed in the inbox.
    Hint,
    /// The loader begins to write an archive, and can take the next one.
    Begun,
    /// The loader has stored an archive.
    Stored(i64),
    /// An archive has its receipt and its last place, or met trouble.
    Done(Box<LoadDone>),
    /// Scheduled work was done, or failed.
    WorkDone(Box<WorkDone>),
    /// Read configuration, units and code lists again.
    Reload,
    /// Come to an end.
    Stop,
}

/// What became of a claim.
#[derive(Debug)]
pub(super) struct LoadDone {
    /// The claim.
    pub claimed: Claimed,
    /// The submission, else trouble.
    pub outcome: Result<Submission, LoadFailure>,
}

/// Why an archive was not loaded.
#[derive(Debug)]
pub(super) enum LoadFailure {
    /// Failed for a reason of ours; tried again later.
    Met(String),
    /// The archive before it failed; tried again at once.
    Behind,
}
