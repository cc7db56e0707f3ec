//! Two threads: one has the store's writer and loads archives, the other
//! writes receipts and moves originals to their last place. The second waits
//! for the disk while the first goes on. While one archive is written the next
//! is judged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::event::{Done, Event, LoadFailure};
use crate::clock::Clock;
use crate::inbox::{Begun, Claimed, Folders, begin, bring_in, finish};
use crate::load::{Before, LoadError};
use crate::priority::{go_after_writer, go_last};
use crate::store::{Flusher, Store};
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
    let flusher = Flusher::open(&folders.database())?;
    let finisher = {
        let (folders, events) = (folders.clone(), events.clone());
        let run = move || {
            go_last();
            go_after_writer();
            finish_all(&flusher, &folders, &unfinished, &events);
        };
        Builder::new().name("finisher".to_owned()).spawn(run).context("starting a thread")?
    };
    let run = move || {
        go_last();
        let side = Loader { store, folders, clock, events, loaded };
        side.all(&queue);
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

/// An archive that has been begun.
type Next = (Claimed, Result<Begun, String>);

impl Loader {
    /// Loads until nobody sends jobs any more. What is only judged by then is
    /// left to the next start.
    fn all(&self, queue: &Receiver<Job>) {
        let mut next = None;
        loop {
            let (claimed, begun) = match next.take() {
                // Nobody sends another before this one is said to have begun,
                // so that nothing is taken here.
                Some(_) if matches!(queue.try_recv(), Err(TryRecvError::Disconnected)) => return,
                Some(next) => next,
                None => match queue.recv() {
                    Ok(job) => self.begin(job, None),
                    Err(_) => return,
                },
            };
            // When nobody listens any more the program is about to end.
            let _ = self.events.send(Event::Begun);
            let mut between = |before: &mut Option<Before>| {
                if next.is_none()
                    && let Ok(job) = queue.try_recv()
                {
                    next = Some(self.begin(job, before.take()));
                }
            };
            let outcome = begun.and_then(|begun| {
                let (store, folders) = (&self.store, &self.folders);
                caught(|| bring_in(store, folders, &claimed, begun, &mut between))
            });
            let failed = outcome.is_err();
            self.pass_on(claimed, outcome);
            if failed && let Some((claimed, begun)) = next.take() {
                // Judged, perhaps, on the word of an archive that is not stored.
                drop(begun);
                self.done(claimed, LoadFailure::Behind);
            }
        }
    }

    fn begin(&self, job: Job, before: Option<Before>) -> Next {
        let Job { world, claimed, inflated } = job;
        let progress = Arc::new(move |bytes| {
            inflated.fetch_add(bytes, Ordering::Relaxed);
        });
        let begun = caught(|| begin(&world, &self.store, &self.clock, &claimed, progress, before));
        (claimed, begun)
    }

    fn pass_on(&self, claimed: Claimed, outcome: Result<Submission, String>) {
        match outcome {
            Ok(submission) => {
                let id = claimed.id;
                if self.loaded.send((claimed, submission)).is_err() {
                    log::error!("submission {id} is left for the next start to finish");
                }
                let _ = self.events.send(Event::Stored(id));
            }
            Err(error) => self.done(claimed, LoadFailure::Met(error)),
        }
    }

    fn done(&self, claimed: Claimed, trouble: LoadFailure) {
        let done = Done { claimed, outcome: Err(trouble) };
        let _ = self.events.send(Event::Done(Box::new(done)));
    }
}

fn finish_all(
    flusher: &Flusher,
    folders: &Folders,
    loads: &Receiver<(Claimed, Submission)>,
    events: &Sender<Event>,
) {
    for (claimed, submission) in loads {
        let outcome = caught(|| finish(flusher, folders, &claimed, &submission));
        let done =
            Done { claimed, outcome: outcome.map(|()| submission).map_err(LoadFailure::Met) };
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
