//! Archives in a row: each is stored in its turn, while the next is made ours
//! and validated. The daemon and `import` both load through it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::claim::Claimed;
use super::finish::{Begun, begin, store};
use super::folders::Folders;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::load::{LoadError, Predecessor};
use crate::store::Store;
use crate::submission::Submission;

/// A claimed archive that is to be loaded.
pub struct LoadJob {
    /// What it is validated by.
    pub environment: Arc<Environment>,
    /// The archive.
    pub claimed: Claimed,
    /// Told the inflated bytes that have been read.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// Where the archives come from, in the order in which they are loaded.
pub trait Jobs {
    /// Waits for the next; none when there will be no more.
    fn wait(&mut self) -> Option<LoadJob>;

    /// The next, if it is there already.
    fn ready(&mut self) -> Option<LoadJob>;

    /// Whether nobody wants anything more to be stored: what is only validated
    /// is then left as it is.
    fn is_over(&mut self) -> bool {
        false
    }

    /// An archive is about to be stored; the next may be given.
    fn begins(&mut self) {}
}

/// What became of an archive.
pub type LoadOutcome = (Claimed, Result<Submission, NotLoaded>);

/// Why an archive is not stored.
#[derive(Debug)]
pub enum NotLoaded {
    /// Trouble of ours.
    Failed(LoadError),
    /// The one before it is not stored, on whose word it was validated.
    Behind,
}

/// What loading works with.
#[derive(Clone, Copy)]
pub struct Pipeline<'a> {
    /// The store's one writer.
    pub store: &'a Store,
    /// The data folder.
    pub folders: &'a Folders,
    /// The clock.
    pub clock: &'a Clock,
}

impl<'a> Pipeline<'a> {
    /// Loads all that comes. The outcome of an archive is there as soon as it is
    /// committed; its receipt and its last place are for [`super::finish`].
    pub fn run<J: Jobs>(self, jobs: J) -> Outcomes<'a, J> {
        Outcomes { pipeline: self, jobs, next: None, behind: None }
    }

    /// Begins with an archive, against the store as it will be after the one
    /// before.
    fn begin(&self, job: LoadJob, before: Option<Predecessor>) -> Next {
        let LoadJob { environment, claimed, progress } = job;
        let begun =
            caught(|| begin(&environment, self.store, self.clock, &claimed, progress, before));
        (claimed, begun)
    }
}

/// An archive that has been begun.
type Next = (Claimed, Result<Begun, LoadError>);

/// Outcomes in the order of the jobs; see [`Pipeline::run`].
pub struct Outcomes<'a, J> {
    pipeline: Pipeline<'a>,
    jobs: J,
    next: Option<Next>,
    /// One that was begun behind one that failed.
    behind: Option<Claimed>,
}

impl<J: Jobs> Iterator for Outcomes<'_, J> {
    type Item = LoadOutcome;

    fn next(&mut self) -> Option<LoadOutcome> {
        if let Some(claimed) = self.behind.take() {
            return Some((claimed, Err(NotLoaded::Behind)));
        }
        let Self { pipeline, jobs, next, .. } = self;
        let (claimed, begun) = match next.take() {
            // Nobody gives another before this one is said to begin, so that no
            // job is lost here.
            Some(_) if jobs.is_over() => return None,
            Some(next) => next,
            None => pipeline.begin(jobs.wait()?, None),
        };
        jobs.begins();
        let mut begin_next = |before: &mut Option<Predecessor>| {
            if next.is_none()
                && let Some(job) = jobs.ready()
            {
                *next = Some(pipeline.begin(job, before.take()));
            }
        };
        let outcome = begun.and_then(|begun| {
            caught(|| store(pipeline.store, pipeline.folders, &claimed, begun, &mut begin_next))
        });
        if outcome.is_err() {
            // Its validation ends here, with what it rests on.
            self.behind = self.next.take().map(|(claimed, _)| claimed);
        }
        Some((claimed, outcome.map_err(NotLoaded::Failed)))
    }
}

/// A bug that one archive brings out must not end the service for all.
fn caught<T>(work: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    let panicked = |_| LoadError::Bug("a panic (see the log)".to_owned());
    catch_unwind(AssertUnwindSafe(work)).map_err(panicked).and_then(|outcome| outcome)
}
