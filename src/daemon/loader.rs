//! Two threads: one has the store's writer and loads archives, the other
//! writes receipts and moves originals to their last place. The second waits
//! for the disk while the first goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::event::{Event, LoadDone, LoadFailure};
use crate::clock::Clock;
use crate::inbox::{Claimed, Folders, Jobs, LoadJob, NotLoaded, Pipeline, finish};
use crate::load::LoadError;
use crate::priority::{go_after_writer, go_last};
use crate::store::{Flusher, Store};
use crate::submission::Submission;

/// Loads that may wait for their receipts: few, because each holds its list of
/// findings.
const UNFINISHED: usize = 1;

/// Starts both. They end, with nothing left half done, when the sender of jobs
/// is dropped.
pub(super) fn start(
    store: Store,
    folders: Folders,
    clock: Clock,
    events: Sender<Event>,
) -> anyhow::Result<(Sender<LoadJob>, JoinHandle<()>)> {
    let (jobs, queue) = bounded::<LoadJob>(1);
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
        let pipeline = Pipeline { store: &store, folders: &folders, clock: &clock };
        load_all(pipeline, LoadQueue { jobs: queue, events: events.clone() }, &events, &loaded);
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

/// What the daemon hands over.
struct LoadQueue {
    jobs: Receiver<LoadJob>,
    events: Sender<Event>,
}

impl Jobs for LoadQueue {
    fn wait(&mut self) -> Option<LoadJob> {
        self.jobs.recv().ok()
    }

    fn ready(&mut self) -> Option<LoadJob> {
        self.jobs.try_recv().ok()
    }

    /// What is only validated when the daemon ends is left to the next start.
    fn is_over(&mut self) -> bool {
        matches!(self.jobs.try_recv(), Err(TryRecvError::Disconnected))
    }

    fn begins(&mut self) {
        // When nobody listens any more the program is about to end.
        let _ = self.events.send(Event::Begun);
    }
}

/// Loads until nobody sends jobs any more.
fn load_all(
    pipeline: Pipeline<'_>,
    queue: LoadQueue,
    events: &Sender<Event>,
    loaded: &Sender<(Claimed, Submission)>,
) {
    for (claimed, outcome) in pipeline.run(queue) {
        let failure = match outcome {
            Ok(submission) => {
                let id = claimed.id;
                if loaded.send((claimed, submission)).is_err() {
                    log::error!("submission {id} is left for the next start to finish");
                }
                let _ = events.send(Event::Stored(id));
                continue;
            }
            Err(NotLoaded::Failed(error)) => LoadFailure::Met(error.to_string()),
            Err(NotLoaded::Behind) => LoadFailure::Behind,
        };
        let done = LoadDone { claimed, outcome: Err(failure) };
        let _ = events.send(Event::Done(Box::new(done)));
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
            LoadDone { claimed, outcome: outcome.map(|()| submission).map_err(LoadFailure::Met) };
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
