//! What the daemon shares with HTTP: the world it rests on, where its data
//! lie, and what its inbox is doing at this moment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::figures::Figures;
use super::gate::Gate;
use super::metrics::Metrics;
use crate::clock::Clock;
use crate::inbox::{Place, Uploads};
use crate::world::World;

/// Shared by the daemon and the workers of HTTP.
pub struct Shared {
    /// Catalogue, units, configuration; changed as a whole on reload.
    pub world: RwLock<Arc<World>>,
    /// The data folder.
    pub data: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Tells the time.
    pub clock: Clock,
    /// Written by the inbox, read by HTTP.
    pub inbox: Mutex<InboxState>,
    /// Archives that came by HTTP and are not done yet.
    pub uploads: Uploads,
    /// What is counted while it runs.
    pub metrics: Arc<Metrics>,
    /// How the daemon is.
    pub pulse: Pulse,
    /// When the daemon started.
    pub started: DateTime<FixedOffset>,
    /// Who asks.
    pub gate: Gate,
    /// What is expensive to count.
    pub figures: Figures,
    /// How often the world has been changed.
    pub changed: AtomicU64,
}

impl Shared {
    /// The world as it is now; it stays the same for whoever holds it.
    pub fn world(&self) -> Arc<World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a new world in force, for calls that begin from here on.
    pub fn set_world(&self, world: Arc<World>) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = world;
        self.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the world in force: figures of another one do not count.
    pub fn generation(&self) -> u64 {
        self.changed.load(Ordering::Relaxed)
    }

    /// The state of the inbox. A panic of somebody who held it does not make
    /// what it says unreadable.
    pub fn inbox(&self) -> MutexGuard<'_, InboxState> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A daemon that does not look for so long, however seldom it is to, is stuck.
const STUCK: Duration = Duration::from_mins(1);

/// Whether the daemon still does its work.
#[derive(Debug)]
pub struct Pulse {
    looked: Mutex<Instant>,
    loader: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { looked: Mutex::new(Instant::now()), loader: AtomicBool::new(true) }
    }
}

impl Pulse {
    /// The daemon has looked through the inbox, and its loader lives or not.
    pub fn beat(&self, at: Instant, loader: bool) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = at;
        self.loader.store(loader, Ordering::Relaxed);
    }

    /// What is wrong with it; `poll` is how often it looks.
    pub fn trouble(&self, poll: Duration) -> Option<&'static str> {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.loader.load(Ordering::Relaxed) {
            return Some("the writer of the database has ended");
        }
        (looked.elapsed() > STUCK + poll * 3).then_some("the inbox is not looked through any more")
    }
}

/// What the inbox is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InboxState {
    /// The first archives that wait, in the order in which they will be taken.
    pub waiting: Vec<Waiting>,
    /// How many wait in all.
    pub waiting_total: usize,
    /// When the one that waits longest was first seen, RFC 3339.
    pub oldest: Option<String>,
    /// The archive that is being loaded.
    pub loading: Option<Loading>,
    /// Files that cannot be taken until somebody gives us leave: the first.
    pub blocked: Vec<Blocked>,
    /// How many there are in all.
    pub blocked_total: usize,
    /// Files that are no archives, with the reason for which they are left.
    pub ignored: Vec<Ignored>,
    /// Trouble of our own that keeps archives waiting.
    pub trouble: Option<String>,
    /// When the folder was last looked through, RFC 3339.
    pub last_scan: Option<String>,
    /// All that waits, by the HCODE that its name says.
    #[serde(skip)]
    pub queues: BTreeMap<Option<String>, BTreeMap<Place, Waiting>>,
}

impl InboxState {
    /// Archives that wait, of everybody.
    pub fn waiting(&self) -> usize {
        self.waiting_total.max(self.waiting.len())
    }

    /// Puts what waits at a place there, or takes it away.
    pub fn put(&mut self, place: Place, waiting: Option<Waiting>) {
        let hcode = place.hcode.clone();
        let queue = self.queues.entry(hcode.clone()).or_default();
        match waiting {
            Some(waiting) => drop(queue.insert(place, waiting)),
            None => drop(queue.remove(&place)),
        }
        if queue.is_empty() {
            self.queues.remove(&hcode);
        }
    }
}

/// A file, or a folder of the inbox, that cannot be taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Where it lies, below the inbox.
    pub path: String,
    /// The unit its name says.
    pub hcode: Option<String>,
    /// Who owns what is in the way, `user:group`.
    pub owner: String,
    /// Its mode, octal.
    pub mode: String,
    /// Later archives of its unit that wait for it.
    pub behind: usize,
    /// What is wrong and what to do, in Thai.
    pub th: String,
    /// The same, in English.
    pub en: String,
}

/// An archive that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Its name.
    pub name: String,
    /// The unit its name says.
    pub hcode: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// When it was first seen, RFC 3339.
    pub since: String,
    /// It may still be growing.
    pub settling: bool,
}

/// The archive that is being loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Loading {
    /// The number of its submission.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The unit its name says.
    pub hcode: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// When loading began, RFC 3339.
    pub since: String,
    /// Inflated bytes read so far.
    pub inflated_bytes: u64,
}

/// A file in the inbox that is left where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Where it lies, below the inbox.
    pub path: String,
    /// Why.
    pub reason: String,
}
