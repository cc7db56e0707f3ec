//! The daemon: looks through the inbox, has archives loaded one after the
//! other, and tells HTTP how things stand.
//!
//! Everything that can wake it is one [`Event`]; wake-ups are hints, and the
//! loop rescans and decides (invariant 5). The store's writer lives on the
//! loader's thread, so that the loop itself never waits for a load.

mod exports;
mod loader;
mod system;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, after, bounded, never, select, tick};

use self::exports::{Exported, Exports};
use crate::clock::Clock;
use crate::http::{self, Ignored, InboxState, Loading, Pulse, Shared, Waiting};
use crate::inbox::{self, Claimed, Folders, Found, Scanner, Uploads, claim};
use crate::store::{Reader, Store, stop_waiting};
use crate::submission::Submission;
use crate::units::Stamp;
use crate::world::World;
use loader::{Done, Job, Trouble};
use system::{notify_systemd, signals, watch};

/// Everything that can wake the daemon.
#[derive(Debug)]
enum Event {
    /// Time has passed.
    Tick,
    /// Something may have changed in the inbox.
    Hint,
    /// The loader begins to write an archive, and can take the next one.
    Begun,
    /// The loader has stored an archive.
    Stored(i64),
    /// An archive has its receipt and its last place, or met trouble.
    Done(Box<Done>),
    /// An export was made, or was not.
    Exported(Box<Exported>),
    /// Read configuration, units and code lists again.
    Reload,
    /// Come to an end.
    Stop,
}

/// What the daemon is started with.
pub struct Setup {
    /// Data folder.
    pub folders: Folders,
    /// The clock.
    pub clock: Clock,
    /// Makes the world anew, at start and on reload.
    pub world: Box<dyn Fn() -> anyhow::Result<World>>,
    /// Ends when the inbox is empty and nothing is being loaded.
    pub until_idle: bool,
    /// Told once, when the daemon takes archives and answers requests.
    pub ready: Box<dyn Fn(&str)>,
    /// Told when everything that was waiting has been loaded.
    pub idle: Box<dyn Fn(&Path)>,
}

/// An archive with the loader, and how far it is.
type InHand = (Loading, Arc<AtomicU64>);

struct Daemon {
    setup: Setup,
    world: Arc<World>,
    shared: Arc<Shared>,
    scanner: Scanner,
    /// In how long the next file of the inbox settles, if nothing changes it.
    settles_in: Option<Duration>,
    jobs: Sender<Job>,
    exports: Exports,
    /// The archive that is being loaded.
    loading: Option<InHand>,
    /// The one that is judged, and written after it.
    ahead: Option<InHand>,
    /// When the writing of the first began.
    began: Instant,
    /// The loader takes archives.
    loader_lives: bool,
    /// Archives with the loader, or on their way from it to their last place.
    in_hand: usize,
    /// Claims that met trouble of our own, and when to try them again.
    retry: Vec<(Instant, Claimed)>,
    /// Of those with the loader, the ones that have met trouble before: the
    /// number and the unit.
    tried_again: Vec<(i64, Option<String>)>,
    /// Archives that could not be claimed, and when to try them again.
    unclaimed: Vec<(Instant, PathBuf, String)>,
    /// Tells the numbers that are given.
    numbers: Reader,
    last_id: i64,
    /// What was last said of trouble, so that it is not said at every look.
    said: Option<String>,
    /// The files that the list of units was last read from.
    units_seen: Stamp,
    told_idle: bool,
}

/// Runs the daemon until it is told to stop.
pub fn run(setup: Setup) -> anyhow::Result<()> {
    let _lock = lock(&setup.folders)?;
    let world = Arc::new((setup.world)()?);
    keep_units(&setup.folders, &world);
    let proven = exports::prove(&world, &setup.folders.data)?;
    let path = setup.folders.database();
    let store = Store::open(&path, &world.catalog, world.config.store.cache_mib)
        .with_context(|| format!("opening {}", path.display()))?;
    let last_id = store.last_submission()?;
    let numbers = Reader::open(&path, None)?;
    let shared = Arc::new(Shared {
        world: RwLock::new(Arc::clone(&world)),
        data: setup.folders.data.clone(),
        database: path.clone(),
        clock: setup.clock,
        inbox: std::sync::Mutex::new(InboxState::default()),
        metrics: Arc::default(),
        pulse: Pulse::default(),
        uploads: Uploads::open(&setup.folders).context("uploads")?,
        started: setup.clock.now(),
        gate: http::Gate::open(&setup.folders.data)?,
        figures: http::Figures::default(),
        changed: AtomicU64::default(),
    });
    let (events, woken) = bounded(64);
    let _watcher = watch(&setup.folders.inbox(), events.clone());
    signals(events.clone())?;
    let data = setup.folders.data.clone();
    let mut exports = Exports::start(data, path, setup.clock, events.clone())?;
    exports.watch(proven);
    let (jobs, loader) = loader::start(store, setup.folders.clone(), setup.clock, events)?;
    let server = http::start(Arc::clone(&shared))?;
    (setup.ready)(&format!("http://{}/", server.address()));
    notify_systemd(sd_notify::NotifyState::Ready);
    let units_seen = world.units.stamp;
    let mut daemon = Daemon {
        setup,
        world,
        shared,
        scanner: Scanner::default(),
        settles_in: None,
        jobs,
        exports,
        loading: None,
        ahead: None,
        began: Instant::now(),
        loader_lives: true,
        in_hand: 0,
        retry: Vec::new(),
        tried_again: Vec::new(),
        unclaimed: Vec::new(),
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
        let ticks = tick(self.world.config.inbox.poll.0.max(Duration::from_millis(20)));
        self.look();
        loop {
            // Looked at just then, and not at the tick after: its sender waits.
            let settled = self.settles_in.map_or_else(never, after);
            let event = select! {
                recv(woken) -> event => event.unwrap_or(Event::Stop),
                recv(ticks) -> _ => Event::Tick,
                recv(settled) -> _ => Event::Hint,
            };
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
                Event::Stored(id) => self.free(id),
                Event::Done(done) => self.done(*done),
                Event::Exported(done) => {
                    self.shared.metrics.exported(done.is_made());
                    self.exports.done(&done);
                }
                Event::Reload => self.reload(),
                Event::Stop => {
                    log::info!("stopping");
                    return;
                }
            }
            self.look();
            if self.setup.until_idle && self.told_idle {
                return;
            }
        }
    }

    /// Looks through the inbox, starts what goes next, and puts the state of
    /// things on the board.
    fn look(&mut self) {
        let settle = self.world.config.inbox.settle.0;
        let folder = self.setup.folders.inbox();
        let (found, trouble) = match self.scanner.scan(&folder, settle, Instant::now()) {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(format!("inbox: {error}"))),
        };
        let unsettled = found.iter().filter(|file| !file.settled);
        self.settles_in = unsettled.map(|file| settle.saturating_sub(file.age)).min();
        let left = self.take_up();
        if self.ahead.is_none() {
            self.start_next(&found);
        }
        let failed = self.retry.iter().find(|(at, _)| *at > Instant::now()).map(|(_, claimed)| {
            let name = claimed.name.escape_debug();
            format!("submission {} ({name}) will be tried again", claimed.id)
        });
        let unclaimed = self.unclaimed.first().map(|(_, _, trouble)| trouble.clone());
        let trouble = trouble.or(failed).or(unclaimed).or(left);
        if trouble != self.said {
            if let Some(trouble) = &trouble {
                log::error!("{trouble}");
            }
            self.said.clone_from(&trouble);
        }
        let idle = self.in_hand == 0 && found.is_empty() && self.retry.is_empty();
        self.exports.look(&self.world);
        if idle && !self.told_idle && self.last_id > 0 {
            (self.setup.idle)(&self.setup.folders.data);
        }
        self.told_idle = idle && (self.told_idle || self.last_id > 0);
        self.show(&found, trouble);
    }

    /// Takes up what lies in `work/` and is nobody's: what an earlier run left,
    /// and what an `import` left that was killed. It is done before what waits
    /// in the inbox. Tells what cannot be taken up.
    fn take_up(&mut self) -> Option<String> {
        let settled = self.numbers.last_submission().map_err(|error| error.to_string());
        let uploads = &self.shared.uploads;
        if let Err(error) =
            settled.and_then(|last| uploads.settle(last).map_err(|error| error.to_string()))
        {
            return Some(format!("uploads: {error}"));
        }
        let left = inbox::recover(&self.setup.folders, &self.shared.uploads, &self.setup.clock);
        match left {
            Ok((claims, troubles)) => {
                let now = Instant::now();
                self.retry.extend(claims.into_iter().map(|claimed| (now, claimed)));
                (!troubles.is_empty()).then(|| troubles.join("; "))
            }
            Err(error) => Some(format!("work: {error}")),
        }
    }

    fn start_next(&mut self, found: &[Found]) {
        let claimed = match self.due() {
            Some(due) => {
                let claimed = self.retry.remove(due).1;
                self.tried_again.push((claimed.id, hcode_of(&claimed.name)));
                Some(claimed)
            }
            None => self.claim_next(found),
        };
        let Some(claimed) = claimed else { return };
        self.last_id = self.last_id.max(claimed.id);
        let inflated = Arc::new(AtomicU64::new(0));
        let loading = Loading {
            id: claimed.id,
            name: claimed.name.clone(),
            hcode: hcode_of(&claimed.name),
            bytes: claimed.path.metadata().map_or(0, |meta| meta.len()),
            since: self.setup.clock.now().to_rfc3339(),
            inflated_bytes: 0,
        };
        let job = Job { world: Arc::clone(&self.world), claimed, inflated: Arc::clone(&inflated) };
        if self.jobs.send(job).is_ok() {
            self.ahead = Some((loading, inflated));
            self.in_hand += 1;
        } else {
            // It lies in work/, where the next start finds it.
            self.loader_lives = false;
        }
    }

    /// The claim that is due to be tried again: of each unit only the first,
    /// because a later one may need its persons.
    fn due(&self) -> Option<usize> {
        let now = Instant::now();
        let first = |claimed: &Claimed| {
            let unit = hcode_of(&claimed.name);
            let earlier = |other: &Claimed| other.id < claimed.id && hcode_of(&other.name) == unit;
            unit.is_none() || !self.retry.iter().any(|(_, other)| earlier(other))
        };
        self.retry.iter().position(|(at, claimed)| *at <= now && first(claimed))
    }

    /// Claims what goes next. An archive whose unit has one that met trouble
    /// waits until that is done; one that could not be claimed waits, too.
    fn claim_next(&mut self, found: &[Found]) -> Option<Claimed> {
        let now = Instant::now();
        self.unclaimed.retain(|(at, ..)| *at > now);
        let mut behind: Vec<String> =
            self.retry.iter().filter_map(|(_, claimed)| hcode_of(&claimed.name)).collect();
        behind.extend(self.tried_again.iter().filter_map(|(_, unit)| unit.clone()));
        let waits = |f: &Found| {
            self.unclaimed.iter().any(|(_, path, _)| *path == f.path)
                || hcode_of(&f.name).is_some_and(|unit| behind.contains(&unit))
        };
        let waiting: Vec<inbox::Waiting> = found
            .iter()
            .take(self.world.config.limits.queue)
            .map(|f| inbox::Waiting {
                name: f.name.clone(),
                bytes: f.bytes,
                settled: (f.settled || self.shared.uploads.knows(&f.path)) && !waits(f),
            })
            .collect();
        let path = &found[inbox::next(&waiting)?].path;
        let last = || self.numbers.last_submission();
        let (folders, now_at) = (&self.setup.folders, self.setup.clock.now());
        claim(folders, &self.shared.uploads, path, &last, now_at).unwrap_or_else(|error| {
            let what = path.to_string_lossy();
            let trouble = format!("claiming {}: {error}", what.escape_debug());
            self.unclaimed.push((now + self.world.config.inbox.retry.0, path.clone(), trouble));
            None
        })
    }

    /// The loader has let go of an archive.
    fn free(&mut self, id: i64) {
        self.ahead.take_if(|(ahead, _)| ahead.id == id);
        if self.loading.take_if(|(loading, _)| loading.id == id).is_some() {
            self.shared.metrics.loaded(self.began.elapsed());
        }
    }

    fn done(&mut self, done: Done) {
        self.free(done.claimed.id);
        self.in_hand -= 1;
        self.tried_again.retain(|(id, _)| *id != done.claimed.id);
        match done.outcome {
            Ok(submission) => tell(&submission),
            Err(Trouble::Behind) => self.retry.push((Instant::now(), done.claimed)),
            Err(Trouble::Met(error)) => {
                let name = done.claimed.name.escape_debug();
                log::error!("submission {} ({name}): {error}", done.claimed.id);
                let at = Instant::now() + self.world.config.inbox.retry.0;
                self.retry.push((at, done.claimed));
            }
        }
    }

    fn reload(&mut self) {
        let read = (self.setup.world)().and_then(|world| {
            let proven = exports::prove(&world, &self.setup.folders.data)?;
            Ok((world, proven))
        });
        match read {
            Ok((world, proven)) => {
                log::info!("read configuration, units and code lists again");
                keep_units(&self.setup.folders, &world);
                self.world = Arc::new(world);
                self.shared.set_world(Arc::clone(&self.world));
                self.exports.watch(proven);
            }
            Err(error) => log::error!("reload: {error:#}; what was read before stays in force"),
        }
    }

    /// A unit that has been added is let in without a restart.
    fn reload_if_units_changed(&mut self) {
        let now = Stamp::now(&self.setup.folders.data, &self.world.config.units);
        if now.is_other(&self.units_seen, self.world.units.held.is_some()) {
            self.units_seen = now;
            self.reload();
        }
    }

    fn show(&mut self, found: &[Found], trouble: Option<String>) {
        let now = self.setup.clock.now().to_rfc3339();
        // Who is judged already waits for its turn, too.
        let ahead = self.ahead.as_ref().map(|(ahead, _)| Waiting {
            name: ahead.name.clone(),
            hcode: ahead.hcode.clone(),
            bytes: ahead.bytes,
            since: ahead.since.clone(),
            settling: false,
        });
        let left = found.iter().filter(|f| f.path.exists()).map(|f| Waiting {
            name: f.name.clone(),
            hcode: hcode_of(&f.name),
            bytes: f.bytes,
            since: (self.setup.clock.now() - f.age).to_rfc3339(),
            settling: !f.settled,
        });
        let waiting = ahead.into_iter().chain(left).collect();
        let loading = self.loading.as_ref().map(|(loading, inflated)| Loading {
            inflated_bytes: inflated.load(Ordering::Relaxed),
            ..loading.clone()
        });
        let ignored = self
            .scanner
            .ignored
            .iter()
            .map(|(path, reason)| Ignored {
                path: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                reason: (*reason).to_owned(),
            })
            .collect();
        let state = InboxState { waiting, loading, ignored, trouble, last_scan: Some(now) };
        *self.shared.inbox() = state;
        self.shared.pulse.beat(Instant::now(), self.loader_lives);
    }
}

/// Keeps a data folder for one process: the daemon, or a restore.
pub fn lock(folders: &Folders) -> anyhow::Result<File> {
    let path = folders.lock();
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    file.try_lock()
        .map_err(|_| anyhow::anyhow!("another khlang already serves {}", folders.data.display()))?;
    Ok(file)
}

/// Keeps the list of units in force, so that it holds over a restart, too.
fn keep_units(folders: &Folders, world: &World) {
    if let Err(error) = world.units.keep(&folders.data) {
        log::error!("keeping the list of units: {error}");
    }
}

fn hcode_of(name: &str) -> Option<String> {
    crate::archive::ArchiveName::parse(name).ok().map(|name| name.hcode)
}

/// One line in the log for each archive; no value of a row is ever logged.
fn tell(s: &Submission) {
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
