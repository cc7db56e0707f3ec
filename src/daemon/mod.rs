//! The daemon: scans the inbox, has archives loaded one after the other, and
//! publishes the inbox state for HTTP.
//!
//! Everything that can wake it is one [`Event`]; wake-ups are hints, and the
//! loop rescans and decides (invariant 6). The store's writer lives on the
//! loader's thread, so that the loop itself never waits for a load.

mod board;
mod claims;
mod event;
mod loader;
mod queue;
mod scheduled;
mod system;
mod turns;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select, tick};

use self::board::{Board, InProgress, hcode_of};
use self::event::{Event, LoadDone, LoadFailure};
use self::queue::Hints;
use self::scheduled::ScheduledWork;
use self::scheduled::work::WorkPlace;
use self::turns::Scheduler;
use crate::app::{AppState, LoadingArchive};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::http;
use crate::inbox::{Folders, IgnoredNames, LoadJob, Moment, Uploads};
use crate::store::{Opening, Reader, Store, stop_waiting};
use crate::submission::Submission;
use crate::units::ListStamp;
use system::{notify_systemd, signals, watch};

/// What the daemon is started with.
pub struct Setup {
    /// Data folder.
    pub folders: Folders,
    /// The clock.
    pub clock: Clock,
    /// Reads configuration, units and code lists, at start and on reload.
    pub environment: Box<dyn Fn() -> anyhow::Result<Environment>>,
    /// Ends when the inbox is empty and nothing is being loaded.
    pub until_idle: bool,
    /// Told once, when the daemon takes archives and answers requests.
    pub ready: Box<dyn Fn(&str)>,
    /// Told when everything that was waiting has been loaded.
    pub idle: Box<dyn Fn(&Path)>,
}

struct Daemon {
    setup: Setup,
    environment: Arc<Environment>,
    shared: Arc<AppState>,
    turns: Scheduler,
    jobs: Sender<LoadJob>,
    scheduled: ScheduledWork,
    /// The archive that is being loaded.
    loading: Option<InProgress>,
    /// The one that is validated, and written after it.
    ahead: Option<InProgress>,
    /// When the writing of the first began.
    began: Instant,
    /// The loader takes archives.
    loader_lives: bool,
    /// Tells the numbers that are given.
    numbers: Reader,
    last_id: i64,
    /// The failure that was last logged, so that it is not logged at every scan.
    said: Option<String>,
    /// The files that the list of units was last read from.
    units_seen: ListStamp,
    told_idle: bool,
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// Fails if it cannot start: configuration, units, database, data folder or address.
/// Later trouble is logged and tried again.
pub fn run(setup: Setup) -> anyhow::Result<()> {
    let _lock = lock(&setup.folders)?;
    let environment = Arc::new((setup.environment)()?);
    keep_units(&setup.folders, &environment);
    let proven = scheduled::prove(&environment, &setup.folders.data)?;
    let path = setup.folders.database();
    let opening = Opening {
        cache_mib: environment.config.store.cache_mib,
        copy_first: environment.config.store.copy_before_migration,
    };
    let mut store = Store::open_with(&path, &environment.catalog, opening)
        .with_context(|| format!("opening {}", path.display()))?;
    store.leave_free(environment.config.limits.free_bytes)?;
    let last_id = store.last_submission()?;
    let numbers = Reader::open(&path, None)?;
    let uploads = Uploads::open(&setup.folders).context("uploads")?;
    let shared = AppState::open(
        &setup.folders,
        path.clone(),
        Arc::clone(&environment),
        setup.clock,
        uploads,
    )?;
    let shared = Arc::new(shared);
    let (events, woken) = bounded(64);
    let hints = Arc::new(Hints::default());
    let _watcher = watch(&setup.folders.inbox(), Arc::clone(&hints), events.clone());
    signals(events.clone())?;
    let data = setup.folders.data.clone();
    let place = WorkPlace { data, database: path, clock: setup.clock };
    let mut scheduled = ScheduledWork::start(place, &events)?;
    scheduled.watch(proven);
    let (jobs, loader) = loader::start(store, setup.folders.clone(), setup.clock, events)?;
    let server = http::start(Arc::clone(&shared))?;
    (setup.ready)(&format!("http://{}/", server.address()));
    notify_systemd(sd_notify::NotifyState::Ready);
    let mut turns = Scheduler::new(setup.folders.clone(), setup.clock, hints);
    turns.queue.names = IgnoredNames::new(&environment.config.inbox.ignore);
    let units_seen = environment.units.stamp;
    let mut daemon = Daemon {
        setup,
        environment,
        shared,
        turns,
        jobs,
        scheduled,
        loading: None,
        ahead: None,
        began: Instant::now(),
        loader_lives: true,
        numbers,
        last_id,
        said: None,
        units_seen,
        told_idle: false,
    };
    daemon.run(&woken, &server);
    notify_systemd(sd_notify::NotifyState::Stopping);
    drop(daemon);
    // Nobody listens any more, so that the loader is not to wait for room in
    // the channel, nor for another process's turn at the database.
    drop(woken);
    stop_waiting();
    // A load that has begun is brought to its end: that is quicker, and
    // kinder to the sender, than doing it again at the next start.
    if loader.join().is_err() {
        log::error!("the loader ended in a panic");
    }
    server.stop();
    Ok(())
}

impl Daemon {
    fn run(&mut self, woken: &Receiver<Event>, server: &http::Server) {
        let ticks = tick(self.environment.config.inbox.poll.0.max(Duration::from_millis(20)));
        self.scan_inbox();
        loop {
            // Looked at just then, and not at the tick after: its sender waits.
            let settled = self.turns.due_in(Instant::now()).map_or_else(never, after);
            let event = select! {
                recv(woken) -> event => event.unwrap_or(Event::Stop),
                recv(ticks) -> _ => Event::Tick,
                recv(settled) -> _ => Event::Hint,
            };
            if self.handle(event, server) {
                return;
            }
            // What else has come meanwhile needs no look of its own.
            while let Ok(event) = woken.try_recv() {
                if self.handle(event, server) {
                    return;
                }
            }
            self.scan_inbox();
            if self.setup.until_idle && self.told_idle {
                return;
            }
        }
    }

    /// Handles an event; true when it was the last.
    fn handle(&mut self, event: Event, server: &http::Server) -> bool {
        match event {
            Event::Tick => {
                // A service that no longer answers is started anew.
                if server.answering() {
                    notify_systemd(sd_notify::NotifyState::Watchdog);
                }
                self.reload_if_units_changed();
            }
            Event::Hint => {}
            Event::Begun => {
                self.loading = self.ahead.take();
                self.began = Instant::now();
            }
            Event::Stored(id) => self.release(id),
            Event::Done(done) => self.done(*done),
            Event::WorkDone(done) => self.scheduled.done(&done, &self.shared.metrics),
            Event::Reload => self.reload(),
            Event::Stop => {
                log::info!("stopping");
                return true;
            }
        }
        false
    }

    /// Now, by the settings in force.
    fn moment(&self) -> Moment {
        let (settings, at) = (&self.environment.config.inbox, self.setup.clock.now());
        let (settle, retry) = (settings.settle.0, settings.retry.0);
        Moment { instant: Instant::now(), at, settle, retry }
    }

    /// Scans the inbox, starts the next archive, and publishes the inbox state for
    /// HTTP.
    fn scan_inbox(&mut self) {
        let (moment, uploads) = (self.moment(), &self.shared.uploads);
        let last = || self.numbers.last_submission();
        let met = self.turns.refresh(uploads, &last, moment);
        if self.ahead.is_none() {
            self.start_next();
        }
        let trouble = met.or_else(|| self.turns.trouble(Instant::now()));
        let trouble = trouble.or_else(|| self.scheduled.trouble());
        if trouble != self.said {
            if let Some(trouble) = &trouble {
                log::error!("{trouble}");
            }
            self.said.clone_from(&trouble);
        }
        let idle = self.turns.is_idle();
        self.scheduled.start_due(&self.environment, idle);
        if idle && !self.told_idle && self.last_id > 0 {
            (self.setup.idle)(&self.setup.folders.data);
        }
        self.told_idle = idle && (self.told_idle || self.last_id > 0);
        let board = Board {
            inbox: &self.setup.folders.inbox(),
            loading: self.loading.as_ref(),
            ahead: self.ahead.as_ref(),
            trouble,
            now: self.setup.clock.now(),
        };
        board.publish(&mut self.turns.queue, &self.shared);
        self.shared.heartbeat.record(Instant::now(), self.loader_lives);
    }

    fn start_next(&mut self) {
        let (moment, uploads) = (self.moment(), &self.shared.uploads);
        let last = || self.numbers.last_submission();
        let Some(claimed) = self.turns.next(uploads, &last, moment) else { return };
        self.last_id = self.last_id.max(claimed.id);
        let inflated = Arc::new(AtomicU64::new(0));
        let loading = LoadingArchive {
            id: claimed.id,
            name: claimed.name.clone(),
            hcode: hcode_of(&claimed.name),
            bytes: claimed.path.metadata().map_or(0, |meta| meta.len()),
            since: self.setup.clock.now().to_rfc3339(),
            inflated_bytes: 0,
        };
        let counter = Arc::clone(&inflated);
        let progress = Arc::new(move |bytes| {
            counter.fetch_add(bytes, Ordering::Relaxed);
        });
        let job = LoadJob { environment: Arc::clone(&self.environment), claimed, progress };
        if self.jobs.send(job).is_ok() {
            self.ahead = Some((loading, inflated));
        } else {
            // It lies in work/, where the next start finds it.
            self.loader_lives = false;
        }
    }

    /// The loader is done with an archive, whatever became of it.
    fn release(&mut self, id: i64) {
        self.ahead.take_if(|(ahead, _)| ahead.id == id);
        if self.loading.take_if(|(loading, _)| loading.id == id).is_some() {
            self.shared.metrics.loaded(self.began.elapsed());
        }
    }

    fn done(&mut self, done: LoadDone) {
        self.release(done.claimed.id);
        let claims = &mut self.turns.claims;
        claims.done(done.claimed.id);
        match done.outcome {
            Ok(submission) => log_outcome(&submission),
            Err(LoadFailure::Behind) => claims.retry_at(Instant::now(), done.claimed),
            Err(LoadFailure::Met(error)) => {
                let name = done.claimed.name.escape_debug();
                log::error!("submission {} ({name}): {error}", done.claimed.id);
                let at = Instant::now() + self.environment.config.inbox.retry.0;
                claims.retry_at(at, done.claimed);
            }
        }
    }

    fn reload(&mut self) {
        let read = (self.setup.environment)().and_then(|environment| {
            let proven = scheduled::prove(&environment, &self.setup.folders.data)?;
            Ok((environment, proven))
        });
        match read {
            Ok((environment, proven)) => {
                log::info!("read configuration, units and code lists again");
                keep_units(&self.setup.folders, &environment);
                self.environment = Arc::new(environment);
                self.turns.queue.names = IgnoredNames::new(&self.environment.config.inbox.ignore);
                self.shared.set_environment(Arc::clone(&self.environment));
                self.scheduled.watch(proven);
            }
            Err(error) => log::error!("reload: {error:#}; what was read before stays in force"),
        }
    }

    /// A unit that has been added is let in without a restart.
    fn reload_if_units_changed(&mut self) {
        let now = ListStamp::now(&self.setup.folders.data, &self.environment.config.units);
        if now.is_other(&self.units_seen, self.environment.units.held.is_some()) {
            self.units_seen = now;
            self.reload();
        }
    }
}

/// Keeps a data folder for one process: the daemon, or a restore.
///
/// # Errors
/// Fails if another process keeps the folder, or the lock file cannot be made.
pub fn lock(folders: &Folders) -> anyhow::Result<File> {
    let path = folders.lock();
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    crate::files::make_private(&path)?;
    file.try_lock()
        .map_err(|_| anyhow::anyhow!("another khlang already serves {}", folders.data.display()))?;
    Ok(file)
}

/// Keeps the list of units in force, so that it holds over a restart, too.
fn keep_units(folders: &Folders, environment: &Environment) {
    if let Err(error) = environment.units.keep(&folders.data) {
        log::error!("keeping the list of units: {error}");
    }
}

/// One line in the log for each archive; no value of a row is ever logged.
fn log_outcome(s: &Submission) {
    let mut sum = crate::submission::Counts::default();
    for file in &s.files {
        sum.add(&file.counts);
    }
    let codes: Vec<&str> = s.problems.iter().map(|problem| problem.code.as_str()).collect();
    log::info!(
        "submission {} {}: {}; {} rows = {} accepted + {} duplicate + {} rejected {}",
        s.id.unwrap_or(0),
        s.archive.escape_debug(),
        s.status.as_str(),
        sum.received,
        sum.accepted,
        sum.duplicate,
        sum.rejected,
        codes.join(" ")
    );
}
