//! What scheduled work is: where it runs, what it is given, and what it tells.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use crate::app::Metrics;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::schedule::{Past, Schedule};

/// Work that is done by a schedule.
pub(in crate::daemon) trait Work: Send + Sync {
    /// Its name in the log; of two with one name only one is watched.
    fn name(&self) -> String;

    /// The thread that runs it.
    fn lane(&self) -> Lane;

    /// Whether its trouble is shown as trouble of the inbox until it succeeds.
    fn troubles_inbox(&self) -> bool {
        false
    }

    /// What is on record of its schedule.
    fn past(&self, place: &WorkPlace, schedule: &Schedule) -> anyhow::Result<Past>;

    /// Does it, and tells in a few words what was done.
    fn run(&self, run: &WorkRun<'_>) -> anyhow::Result<String>;

    /// Counts a run that succeeded or failed.
    fn count(&self, metrics: &Metrics, done: bool);
}

impl fmt::Debug for dyn Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A thread that runs work, one job after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon) enum Lane {
    /// Folders for others: they are expected at their time.
    Folders,
    /// What nobody waits for: begun when no archive waits, and behind all else.
    Background,
}

impl Lane {
    /// Every lane, in the order of the enum.
    pub const ALL: [Self; 2] = [Self::Folders, Self::Background];
}

/// Where work finds what it needs.
#[derive(Debug, Clone)]
pub(in crate::daemon) struct WorkPlace {
    /// The data folder.
    pub data: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The clock.
    pub clock: Clock,
}

/// A run of some work.
pub(in crate::daemon) struct WorkRun<'a> {
    /// Where it finds what it needs.
    pub place: &'a WorkPlace,
    /// Catalogue, units, configuration.
    pub environment: &'a Environment,
    /// The time of the schedule that it answers.
    pub due: DateTime<FixedOffset>,
}

/// What a lane says of a run.
#[derive(Debug)]
pub(in crate::daemon) struct WorkDone {
    /// The work.
    pub work: Arc<dyn Work>,
    /// The time of its schedule that it answers.
    pub due: DateTime<FixedOffset>,
    /// What was done, or why it was not.
    pub outcome: Result<String, String>,
}
