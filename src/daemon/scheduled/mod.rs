//! What goes by a schedule beside the loader: which work is due, and the threads
//! that run it, each on its own view of the store.
//!
//! A kind of work is a file here and a line in [`KINDS`]. In a lane one job runs at
//! a time, and lanes wait for nothing of each other: a long audit holds up no
//! export. Work that fails is tried again later, and the others have their turn
//! meanwhile. A stop does not wait for what is being done: it is made up at the
//! next start.

mod audit;
mod export;
mod forward;
#[cfg(test)]
mod tests;
pub(super) mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Receiver, Sender, bounded};

use self::work::{Lane, Work, WorkDone, WorkPlace, WorkRun};
use super::event::Event;
use crate::app::Metrics;
use crate::environment::Environment;
use crate::priority::go_last;
use crate::schedule::{Past, Schedule};

/// After trouble work is tried again; the machine may be busy, or full.
const RETRY: Duration = Duration::from_mins(10);

/// Every kind of work: what the configuration asks of it.
const KINDS: [ConfiguredWork; 3] = [export::configured, forward::configured, audit::configured];

/// Gives the work of a kind with the schedule of each, or what is wrong with the
/// configuration of it.
type ConfiguredWork = fn(&Environment, &Path) -> anyhow::Result<Vec<(Arc<dyn Work>, Schedule)>>;

/// A run that is handed to a lane.
struct ScheduledJob {
    environment: Arc<Environment>,
    work: Arc<dyn Work>,
    due: DateTime<FixedOffset>,
}

/// Work that is watched.
struct Watched {
    work: Arc<dyn Work>,
    schedule: Schedule,
    past: Past,
    /// When it may be tried again after trouble.
    not_before: Option<Instant>,
    /// Why the last run failed, until one succeeds.
    trouble: Option<String>,
}

/// Everything that is configured, proven and ready to be put in force.
pub(super) struct ProvenWork(Vec<(Arc<dyn Work>, Schedule)>);

/// The scheduled work of the daemon.
pub(super) struct ScheduledWork {
    place: WorkPlace,
    watched: Vec<Watched>,
    lanes: Vec<LaneState>,
}

/// A lane as the loop sees it.
struct LaneState {
    jobs: Sender<ScheduledJob>,
    running: bool,
}

/// Looks up what the configuration names.
pub(super) fn prove(environment: &Environment, data: &Path) -> anyhow::Result<ProvenWork> {
    let mut all = Vec::new();
    for kind in KINDS {
        all.extend(kind(environment, data)?);
    }
    Ok(ProvenWork(all))
}

impl ScheduledWork {
    /// Removes what a kill left behind, and starts a thread for each lane.
    pub(super) fn start(place: WorkPlace, events: &Sender<Event>) -> anyhow::Result<Self> {
        crate::export::sweep(&place.data)?;
        let mut lanes = Vec::new();
        for lane in Lane::ALL {
            let (jobs, queue) = bounded(1);
            let (place, events) = (place.clone(), events.clone());
            let run = move || {
                if lane == Lane::Background {
                    go_last();
                }
                run_jobs(&queue, &place, &events);
            };
            std::thread::Builder::new().name(format!("{lane:?}").to_lowercase()).spawn(run)?;
            lanes.push(LaneState { jobs, running: false });
        }
        Ok(Self { place, watched: Vec::new(), lanes })
    }

    /// Puts work in force. What keeps its schedule keeps its past, and its trouble
    /// is told on, but it is tried again at once. Work whose past cannot be read is
    /// left out, and that is said.
    pub(super) fn watch(&mut self, proven: ProvenWork) {
        let mut before = std::mem::take(&mut self.watched);
        for (work, schedule) in proven.0 {
            let name = work.name();
            let at = before.iter().position(|watched| watched.work.name() == name);
            let before = at.map(|at| before.swap_remove(at));
            let past = match &before {
                Some(before) if before.schedule.as_str() == schedule.as_str() => Ok(before.past),
                // A schedule that was changed has missed nothing.
                Some(_) => {
                    let since = Past { since: self.place.clock.now(), done: None };
                    work.past(&self.place, &schedule).map(|_| since)
                }
                None => work.past(&self.place, &schedule),
            };
            let trouble = before.and_then(|before| before.trouble);
            match past {
                Ok(past) => {
                    let not_before = None;
                    self.watched.push(Watched { work, schedule, past, not_before, trouble });
                }
                Err(error) => log::error!("{name} is not watched: {error:#}"),
            }
        }
    }

    /// Starts the work that is due longest in each lane in which nothing runs;
    /// `idle` says that no archive waits.
    pub(super) fn start_due(&mut self, environment: &Arc<Environment>, idle: bool) {
        for lane in Lane::ALL {
            let may = idle || lane != Lane::Background;
            if may && !self.lanes[lane as usize].running {
                self.start_due_in(lane, environment);
            }
        }
    }

    fn start_due_in(&mut self, lane: Lane, environment: &Arc<Environment>) {
        let (now, instant) = (self.place.clock.now(), Instant::now());
        let due = self.watched.iter().filter(|watched| watched.work.lane() == lane);
        let due = due.filter_map(|watched| {
            let waits = watched.not_before.is_some_and(|at| at > instant);
            let due = watched.schedule.due(watched.past, now).filter(|_| !waits)?;
            Some((watched, due))
        });
        // Work that is due again by the time it is done keeps no other waiting.
        let longest = due.min_by_key(|(watched, _)| watched.schedule.upcoming(watched.past));
        let Some((watched, due)) = longest else { return };
        let work = Arc::clone(&watched.work);
        log::info!("{}: due since {}", work.name(), due.to_rfc3339());
        let job = ScheduledJob { environment: Arc::clone(environment), work, due };
        let state = &mut self.lanes[lane as usize];
        state.running = state.jobs.send(job).is_ok();
    }

    /// Records the outcome of a run.
    pub(super) fn done(&mut self, done: &WorkDone, metrics: &Metrics) {
        let name = done.work.name();
        self.lanes[done.work.lane() as usize].running = false;
        done.work.count(metrics, done.outcome.is_ok());
        let watched = self.watched.iter_mut().find(|watched| watched.work.name() == name);
        match &done.outcome {
            Ok(what) => {
                log::info!("{name}: {what}");
                if let Some(watched) = watched {
                    watched.past.done = watched.past.done.into_iter().chain([done.due]).max();
                    (watched.trouble, watched.not_before) = (None, None);
                }
            }
            Err(error) => {
                log::error!("{name}: {error}; it will be tried again");
                if let Some(watched) = watched {
                    watched.trouble = Some(format!("{name}: {error}"));
                    watched.not_before = Some(Instant::now() + RETRY);
                }
            }
        }
    }

    /// Why work that concerns the inbox was not done, until it is.
    pub(super) fn trouble(&self) -> Option<String> {
        let mut concerns = self.watched.iter().filter(|watched| watched.work.troubles_inbox());
        concerns.find_map(|watched| watched.trouble.clone())
    }
}

fn run_jobs(queue: &Receiver<ScheduledJob>, place: &WorkPlace, events: &Sender<Event>) {
    for ScheduledJob { environment, work, due } in queue {
        let run = WorkRun { place, environment: &environment, due };
        // A bug in one must not end the others.
        let outcome = match catch_unwind(AssertUnwindSafe(|| work.run(&run))) {
            Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
            Err(_) => Err("internal: it panicked (see the log)".to_owned()),
        };
        if events.send(Event::WorkDone(Box::new(WorkDone { work, due, outcome }))).is_err() {
            return;
        }
    }
}
