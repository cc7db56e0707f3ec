//! What goes by a schedule beside the loader, exports and sending on: which is
//! due, and the thread that runs it on its own view of the store.
//!
//! One at a time. A stop does not wait for the one that is being made: its
//! folder bears a hidden name until it is whole, and what is left under such a
//! name is removed at the next start, which makes it up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::event::{Event, Exported};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::export::{self, ExportPlan};
use crate::forward::{self, Asked, Destination, ForwardContext};
use crate::kpi::Library;
use crate::overlay::{self, Overlay};
use crate::schedule::{Past, Schedule};
use crate::store::{Opening, Store};

/// After trouble an export is tried again; the machine may be busy, or full.
const RETRY: Duration = Duration::from_mins(10);

/// What is done by a schedule.
#[derive(Clone)]
enum Work {
    /// An export is made.
    Export(Arc<ExportPlan>),
    /// What waits for a destination is sent on.
    Forward(Arc<Destination>),
}

impl Work {
    /// Its name, and that of its folder below `exports/`.
    fn name(&self) -> String {
        match self {
            Self::Export(plan) => plan.name.clone(),
            Self::Forward(to) => format!("forward/{}", to.name),
        }
    }
}

/// Work to be run.
struct ScheduledJob {
    environment: Arc<Environment>,
    library: Arc<Library>,
    work: Work,
    due: DateTime<FixedOffset>,
}

/// Work that is watched.
struct Watched {
    work: Work,
    schedule: Schedule,
    past: Past,
    /// When it may be tried again after trouble.
    not_before: Option<Instant>,
}

/// Everything that is watched, proven and ready to be put in force.
pub(super) struct Proven {
    library: Arc<Library>,
    plans: Vec<(Work, Schedule)>,
}

/// The exports of the daemon.
pub(super) struct Exports {
    data: PathBuf,
    clock: Clock,
    library: Arc<Library>,
    watched: Vec<Watched>,
    jobs: Sender<ScheduledJob>,
    running: bool,
}

/// Looks up what the configured exports name.
pub(super) fn prove(environment: &Environment, data: &Path) -> anyhow::Result<Proven> {
    let library = Library::load(Some(&Overlay::new(data, overlay::KPI)))?;
    let mut plans = Vec::new();
    let found = export::plans(&environment.config.export, &library, data);
    for plan in found.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))? {
        let schedule = plan.schedule.parse();
        let schedule = schedule.map_err(|what| anyhow::anyhow!("export {}: {what}", plan.name))?;
        plans.push((Work::Export(Arc::new(plan)), schedule));
    }
    let found = forward::destinations(&environment.config.forward);
    for to in found.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))? {
        let Some(schedule) = &to.schedule else { continue };
        let schedule = schedule.parse();
        let schedule = schedule.map_err(|what| anyhow::anyhow!("forward {}: {what}", to.name))?;
        plans.push((Work::Forward(Arc::new(to)), schedule));
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
        for (work, schedule) in proven.plans {
            let now = self.clock.now();
            match export::past(&self.data, &work.name(), schedule.as_str(), now) {
                Ok(state) => {
                    let past = Past { since: state.since, done: state.done };
                    self.watched.push(Watched { work, schedule, past, not_before: None });
                }
                Err(error) => log::error!("export {} is not watched: {error}", work.name()),
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
            Some((watched.work.clone(), due))
        });
        let Some((work, due)) = due else { return };
        log::info!("export {}: due since {}", work.name(), due.to_rfc3339());
        let (environment, library) = (Arc::clone(environment), Arc::clone(&self.library));
        self.running = self.jobs.send(ScheduledJob { environment, library, work, due }).is_ok();
    }

    /// Records the outcome of an export.
    pub(super) fn done(&mut self, exported: &Exported) {
        self.running = false;
        let name = &exported.name;
        let watched = self.watched.iter_mut().find(|watched| watched.work.name() == *name);
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
    queue: &Receiver<ScheduledJob>,
    data: &Path,
    database: &Path,
    clock: Clock,
    events: &Sender<Event>,
) {
    for job in queue {
        let run = std::panic::AssertUnwindSafe(|| run_job(&job, data, database, clock.now()));
        // A bug in one export must not end the others.
        let outcome = match std::panic::catch_unwind(run) {
            Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
            Err(_) => Err("internal: it panicked (see the log)".to_owned()),
        };
        let done = Exported { name: job.work.name(), due: job.due, outcome };
        if events.send(Event::Exported(Box::new(done))).is_err() {
            return;
        }
    }
}

/// Runs one; gives the folder that it is in.
fn run_job(
    job: &ScheduledJob,
    data: &Path,
    database: &Path,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<PathBuf> {
    let environment = &job.environment;
    match &job.work {
        Work::Export(plan) => {
            let place =
                export::ExportContext { environment, library: &job.library, data, database, now };
            Ok(export::run(&place, plan, Some(job.due))?.path)
        }
        Work::Forward(to) => {
            // For as long as the ledger is written.
            let store = || -> forward::Result<Store> {
                let config = &environment.config.store;
                let copy_first = config.copy_before_migration;
                let opening = Opening { cache_mib: config.cache_mib, copy_first };
                Ok(Store::open_with(database, &environment.catalog, opening)?)
            };
            let by = "schedule";
            let place = ForwardContext { environment, data, database, now, by, store: &store };
            let sent = forward::run(&place, to, Asked::BySchedule)?;
            if let Some(why) = &sent.not_begun {
                log::warn!("forward {}: {} / {}", to.name, why.en, why.th);
            }
            for batch in &sent.batches {
                log::info!("forward {}: batch {} in {}", to.name, batch.batch, batch.folder);
            }
            // What was sent stays sent; what cannot be read is tried again when it
            // is due next.
            for failed in &sent.failed {
                log::error!(
                    "forward {}: submission {}: {}",
                    to.name,
                    failed.submission,
                    failed.why
                );
            }
            if let Some(trouble) = &sent.trouble {
                anyhow::bail!("{trouble}");
            }
            export::seen_to(data, &job.work.name(), job.due)?;
            let last = sent.batches.last();
            Ok(data.join(last.map_or("exports/forward", |batch| batch.folder.as_str())))
        }
    }
}
