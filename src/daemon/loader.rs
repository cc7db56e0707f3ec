//! Two threads: one has the store's writer and loads archives, the other
//! writes receipts and moves originals to their last place. The second waits
//! for the disk while the first goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::Event;
use crate::clock::Clock;
use crate::inbox::{Claimed, Folders, bring_in, finish};
use crate::load::LoadError;
use crate::store::{Reader, Store};
use crate::submission::Submission;
use crate::world::World;

/// Loads that may wait for their receipts: few, because each holds its list of
/// findings.
const UNFINISHED: usize = 1;

/// An archive for the loader.
pub struct Job {
    /// What it is judged by.
    pub world: Arc<World>,
    /// The archive.
    pub claimed: Claimed,
    /// Told the inflated bytes that have been read.
    pub inflated: Arc<AtomicU64>,
}

/// What became of a claim.
#[derive(Debug)]
pub struct Done {
    /// The claim.
    pub claimed: Claimed,
    /// The submission; else what trouble of our own it met.
    pub outcome: Result<Submission, String>,
}

/// Starts both. They end, with nothing left half done, when the sender of jobs
/// is dropped.
pub fn start(
    store: Store,
    folders: Folders,
    clock: Clock,
    events: Sender<Event>,
) -> anyhow::Result<(Sender<Job>, JoinHandle<()>)> {
    let (jobs, queue) = bounded::<Job>(1);
    let (loaded, unfinished) = bounded(UNFINISHED);
    let known = Reader::open(&folders.database(), None)?;
    let finisher = {
        let (folders, events) = (folders.clone(), events.clone());
        let run = move || finish_all(&known, &folders, &unfinished, &events);
        Builder::new().name("finisher".to_owned()).spawn(run).context("starting a thread")?
    };
    let run = move || {
        let mut side = Loader { store, folders, clock, events, loaded };
        queue.into_iter().for_each(|job| side.load(job));
        let Loader { store, loaded, .. } = side;
        drop(loaded);
        if finisher.join().is_err() {
            log::error!("the finisher ended in a panic");
        }
        if let Err(error) = store.checkpoint() {
            log::warn!("checkpoint at the end: {error}");
        }
    };
    let thread = Builder::new().name("loader".to_owned()).spawn(run);
    Ok((jobs, thread.context("starting a thread")?))
}

struct Loader {
    store: Store,
    folders: Folders,
    clock: Clock,
    events: Sender<Event>,
    loaded: Sender<(Claimed, Submission)>,
}

impl Loader {
    fn load(&mut self, job: Job) {
        let Job { world, claimed, inflated } = job;
        let progress = |bytes| {
            inflated.fetch_add(bytes, Ordering::Relaxed);
        };
        let outcome = caught(|| {
            bring_in(&world, &mut self.store, &self.folders, &self.clock, &claimed, &progress)
        });
        // When nobody listens any more the program is about to end.
        let id = claimed.id;
        let _ = match outcome {
            Ok(submission) => {
                if self.loaded.send((claimed, submission)).is_err() {
                    log::error!("submission {id} is left for the next start to finish");
                }
                self.events.send(Event::Stored(id))
            }
            Err(error) => {
                let done = Done { claimed, outcome: Err(error) };
                self.events.send(Event::Done(Box::new(done)))
            }
        };
    }
}

fn finish_all(
    known: &Reader,
    folders: &Folders,
    loads: &Receiver<(Claimed, Submission)>,
    events: &Sender<Event>,
) {
    for (claimed, submission) in loads {
        let outcome = caught(|| finish(known, folders, &claimed, &submission));
        let done = Done { claimed, outcome: outcome.map(|()| submission) };
        let _ = events.send(Event::Done(Box::new(done)));
    }
}

/// A bug that one archive brings out must not end the service for all.
fn caught<T>(work: impl FnOnce() -> Result<T, LoadError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("internal: a panic (see the log)".to_owned()),
    }
}
