//! Audits beside the loader: when the rules are to be run over the rounds that
//! are open, and the thread that runs them.
//!
//! Loads go first: a run begins when nothing waits to be loaded, finds what it
//! finds on a view of its own, and takes the writer's turn once a round, for as
//! long as cases are written. A stop does not wait for it: what was not written
//! is found again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::event::{Audited, Event};
use crate::audit::nightly::{BY, NightlyInput, run_open_rounds};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::priority::go_last;
use crate::schedule::{Past, Schedule};
use crate::store::Reader;

/// After trouble a run is tried again.
const RETRY: Duration = Duration::from_mins(10);

/// A run to be made.
struct AuditJob {
    environment: Arc<Environment>,
    due: DateTime<FixedOffset>,
}

/// The audits of the daemon.
pub(super) struct Audits {
    clock: Clock,
    schedule: Option<Schedule>,
    past: Past,
    jobs: Sender<AuditJob>,
    running: bool,
    not_before: Option<Instant>,
    trouble: Option<String>,
}

/// The schedule of audits; none when they are only run by hand.
pub(super) fn prove(environment: &Environment) -> anyhow::Result<Option<Schedule>> {
    let text = environment.config.audit.schedule.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let schedule = text.parse().map_err(|what| anyhow::anyhow!("[audit] {what}"))?;
    Ok(Some(schedule))
}

impl Audits {
    /// Starts the thread. A time that came while nobody served is made up, when
    /// the runs had been on schedule before.
    pub(super) fn start(
        data: PathBuf,
        database: PathBuf,
        clock: Clock,
        events: Sender<Event>,
    ) -> anyhow::Result<Self> {
        let last = Reader::open(&database, None)?.audit_last_run(BY)?;
        let since = last.and_then(|at| at.parse().ok()).unwrap_or_else(|| clock.now());
        let (jobs, queue) = bounded(1);
        let run = move || {
            go_last();
            run_jobs(&queue, &data, &database, clock, &events);
        };
        std::thread::Builder::new().name("audits".to_owned()).spawn(run)?;
        let past = Past { since, done: None };
        let (schedule, not_before, trouble) = (None, None, None);
        Ok(Self { clock, schedule, past, jobs, running: false, not_before, trouble })
    }

    /// Puts a schedule in force. One that was changed has missed nothing.
    pub(super) fn watch(&mut self, schedule: Option<Schedule>) {
        let text = |schedule: &Option<Schedule>| schedule.as_ref().map(|of| of.as_str().to_owned());
        if self.schedule.is_some() && text(&self.schedule) != text(&schedule) {
            self.past = Past { since: self.clock.now(), done: None };
        }
        if schedule.is_none() {
            self.trouble = None;
        }
        self.schedule = schedule;
    }

    /// Starts a run that is due, unless one is being made.
    pub(super) fn start_due(&mut self, environment: &Arc<Environment>) {
        let waits = self.not_before.is_some_and(|at| at > Instant::now());
        let Some(schedule) = self.schedule.as_ref().filter(|_| !self.running && !waits) else {
            return;
        };
        let Some(due) = schedule.due(self.past, self.clock.now()) else { return };
        log::info!("audit: due since {}", due.to_rfc3339());
        self.running =
            self.jobs.send(AuditJob { environment: Arc::clone(environment), due }).is_ok();
    }

    /// Records the outcome of a run.
    pub(super) fn done(&mut self, audited: &Audited) {
        self.running = false;
        match &audited.outcome {
            Ok(text) => {
                log::info!("audit: {text}");
                self.past.done = self.past.done.into_iter().chain([audited.due]).max();
                (self.trouble, self.not_before) = (None, None);
            }
            Err(error) => {
                log::error!("audit: {error}; it will be tried again");
                self.trouble = Some(format!("audit: {error}"));
                self.not_before = Some(Instant::now() + RETRY);
            }
        }
    }

    /// Why the last run was not made, until one is.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }
}

fn run_jobs(
    queue: &Receiver<AuditJob>,
    data: &std::path::Path,
    database: &std::path::Path,
    clock: Clock,
    events: &Sender<Event>,
) {
    for job in queue {
        let input =
            NightlyInput { environment: &job.environment, data, database, now: clock.now() };
        let run = std::panic::AssertUnwindSafe(|| run_open_rounds(&input));
        let outcome = match std::panic::catch_unwind(run) {
            Ok(Ok(ran)) => {
                let each = ran.iter().map(|ran| {
                    let done = &ran.done;
                    let numbers = (done.opened.len(), done.added.len(), done.cleared.len());
                    let (opened, added, cleared) = numbers;
                    format!(
                        "round {}: {opened} opened, {added} grown, {cleared} cleared",
                        ran.round
                    )
                });
                let each = each.collect::<Vec<_>>().join("; ");
                Ok(if each.is_empty() { "no round is open".to_owned() } else { each })
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("internal: it panicked (see the log)".to_owned()),
        };
        let done = Audited { due: job.due, outcome };
        if events.send(Event::Audited(Box::new(done))).is_err() {
            return;
        }
    }
}
