//! Exports beside the loader: which is due, and the thread that runs it on its
//! own read-only view of the store.
//!
//! One at a time. A stop does not wait for the one that is being made: its
//! folder bears a hidden name until it is whole, and what is left under such a
//! name is removed at the next start, which makes it up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::event::{Event, Exported};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::export::{self, ExportPlan};
use crate::kpi::Library;
use crate::overlay::{self, Overlay};
use crate::schedule::{Past, Schedule};

/// After trouble an export is tried again; the machine may be busy, or full.
const RETRY: Duration = Duration::from_mins(10);

/// An export to be run.
struct Job {
    environment: Arc<Environment>,
    library: Arc<Library>,
    plan: Arc<ExportPlan>,
    due: DateTime<FixedOffset>,
}

/// An export that is watched.
struct Watched {
    plan: Arc<ExportPlan>,
    schedule: Schedule,
    past: Past,
    /// When it may be tried again after trouble.
    not_before: Option<Instant>,
}

/// Everything that is watched, proven and ready to be put in force.
pub(super) struct Proven {
    library: Arc<Library>,
    plans: Vec<(ExportPlan, Schedule)>,
}

/// The exports of the daemon.
pub(super) struct Exports {
    data: PathBuf,
    clock: Clock,
    library: Arc<Library>,
    watched: Vec<Watched>,
    jobs: Sender<Job>,
    running: bool,
}

/// Looks up what the configured exports name.
pub(super) fn prove(environment: &Environment, data: &std::path::Path) -> anyhow::Result<Proven> {
    let library = Library::load(Some(&Overlay::new(data, overlay::KPI)))?;
    let mut plans = Vec::new();
    let found = export::plans(&environment.config.export, &library, data);
    for plan in found.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))? {
        let schedule = plan.schedule.parse();
        let schedule = schedule.map_err(|what| anyhow::anyhow!("export {}: {what}", plan.name))?;
        plans.push((plan, schedule));
    }
    Ok(Proven { library: Arc::new(library), plans })
}

impl Exports {
    /// Removes what a kill left behind, and starts the thread.
    pub(super) fn start(
        data: PathBuf,
        database: PathBuf,
        clock: Clock,
        events: Sender<Event>,
    ) -> anyhow::Result<Self> {
        export::sweep(&data)?;
        let (jobs, queue) = bounded(1);
        let place = data.clone();
        let run = move || run_jobs(&queue, &place, &database, clock, &events);
        std::thread::Builder::new().name("exports".to_owned()).spawn(run)?;
        let library = Arc::default();
        Ok(Self { data, clock, library, watched: Vec::new(), jobs, running: false })
    }

    /// Puts exports in force. One whose past cannot be read is left out, and
    /// that is said.
    pub(super) fn watch(&mut self, proven: Proven) {
        self.library = proven.library;
        self.watched.clear();
        for (plan, schedule) in proven.plans {
            let now = self.clock.now();
            match export::past(&self.data, &plan.name, schedule.as_str(), now) {
                Ok(state) => {
                    let past = Past { since: state.since, done: state.done };
                    let plan = Arc::new(plan);
                    self.watched.push(Watched { plan, schedule, past, not_before: None });
                }
                Err(error) => log::error!("export {} is not watched: {error}", plan.name),
            }
        }
    }

    /// Starts the first export that is due, unless one is running.
    pub(super) fn start_due(&mut self, environment: &Arc<Environment>) {
        if self.running {
            return;
        }
        let (now, instant) = (self.clock.now(), Instant::now());
        let due = self.watched.iter().find_map(|watched| {
            let waits = watched.not_before.is_some_and(|at| at > instant);
            let due = watched.schedule.due(watched.past, now).filter(|_| !waits)?;
            Some((Arc::clone(&watched.plan), due))
        });
        let Some((plan, due)) = due else { return };
        log::info!("export {}: due since {}", plan.name, due.to_rfc3339());
        let (environment, library) = (Arc::clone(environment), Arc::clone(&self.library));
        self.running = self.jobs.send(Job { environment, library, plan, due }).is_ok();
    }

    /// Records the outcome of an export.
    pub(super) fn done(&mut self, exported: &Exported) {
        self.running = false;
        let name = &exported.name;
        let watched = self.watched.iter_mut().find(|watched| watched.plan.name == *name);
        match &exported.outcome {
            Ok(path) => {
                log::info!("export {name}: {}", path.display());
                if let Some(watched) = watched {
                    watched.past.done = watched.past.done.into_iter().chain([exported.due]).max();
                }
            }
            Err(error) => {
                log::error!("export {name}: {error}; it will be tried again");
                if let Some(watched) = watched {
                    watched.not_before = Some(Instant::now() + RETRY);
                }
            }
        }
    }
}

fn run_jobs(
    queue: &Receiver<Job>,
    data: &std::path::Path,
    database: &std::path::Path,
    clock: Clock,
    events: &Sender<Event>,
) {
    for job in queue {
        let place = export::ExportContext {
            environment: &job.environment,
            library: &job.library,
            data,
            database,
            now: clock.now(),
        };
        let run = std::panic::AssertUnwindSafe(|| export::run(&place, &job.plan, Some(job.due)));
        // A bug in one export must not end the others.
        let outcome = match std::panic::catch_unwind(run) {
            Ok(outcome) => outcome.map(|made| made.path).map_err(|error| error.to_string()),
            Err(_) => Err("internal: it panicked (see the log)".to_owned()),
        };
        let done = Exported { name: job.plan.name.clone(), due: job.due, outcome };
        if events.send(Event::Exported(Box::new(done))).is_err() {
            return;
        }
    }
}
