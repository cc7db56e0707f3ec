//! Everything that can wake the daemon, with what its threads report.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};

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
    /// An export was made, or was not.
    Exported(Box<Exported>),
    /// The rules of audits were run, or were not.
    Audited(Box<Audited>),
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

/// What the thread says of an export.
#[derive(Debug)]
pub(super) struct Exported {
    /// Name of the export.
    pub(super) name: String,
    /// The time of its schedule that it answers.
    pub(super) due: DateTime<FixedOffset>,
    /// The folder that was made, or the reason why none was.
    pub(super) outcome: Result<PathBuf, String>,
}

impl Exported {
    /// Whether it was made.
    pub(super) fn is_made(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// What the thread says of a run of the audit rules.
#[derive(Debug)]
pub(super) struct Audited {
    /// The time of the schedule that it answers.
    pub(super) due: DateTime<FixedOffset>,
    /// What was done, or the reason why nothing was.
    pub(super) outcome: Result<String, String>,
}
