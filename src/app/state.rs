//! The state that the daemon and the request workers share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};

use super::environment::LiveEnvironment;
use super::forward_status::ForwardStatusCache;
use super::inbox_status::InboxStatus;
use super::metrics::Metrics;
use super::results::{ResultCache, ResultSource};
use crate::access::Authenticator;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::inbox::{Folders, Uploads};
use crate::store::StoreError;

/// Shared by the daemon and the request workers.
pub struct AppState {
    /// Catalogue, units and configuration in force.
    pub environment: Arc<LiveEnvironment>,
    /// The data folder.
    pub data: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Source of the time of day.
    pub clock: Clock,
    /// Written by the daemon, read by requests.
    inbox: Mutex<InboxStatus>,
    /// Archives that were uploaded and are not loaded yet.
    pub uploads: Uploads,
    /// Counters of the running program.
    pub metrics: Arc<Metrics>,
    /// Whether the daemon still works.
    pub heartbeat: Heartbeat,
    /// When the daemon started.
    pub started: DateTime<FixedOffset>,
    /// Tells who a client is.
    pub authenticator: Authenticator,
    /// Results that take long to compute.
    pub results: Arc<ResultCache>,
    /// How destinations of sending on stand.
    pub forward: ForwardStatusCache,
}

impl AppState {
    /// The state over a data folder whose database is at `database`. Fails
    /// when the token database cannot be opened.
    pub fn open(
        folders: &Folders,
        database: PathBuf,
        environment: Arc<Environment>,
        clock: Clock,
        uploads: Uploads,
    ) -> Result<Self, StoreError> {
        let data = folders.data.clone();
        let environment = Arc::new(LiveEnvironment::new(environment));
        let source = ResultSource {
            database: database.clone(),
            data: data.clone(),
            environment: Arc::clone(&environment),
        };
        Ok(Self {
            environment,
            database,
            clock,
            inbox: Mutex::default(),
            uploads,
            metrics: Arc::default(),
            heartbeat: Heartbeat::default(),
            started: clock.now(),
            authenticator: Authenticator::open(&data)?,
            results: Arc::new(ResultCache::new(source)),
            forward: ForwardStatusCache::default(),
            data,
        })
    }

    /// The environment as it is now; it stays the same for whoever holds it.
    pub fn environment(&self) -> Arc<Environment> {
        self.environment.get()
    }

    /// Puts a new environment in force, for requests that begin from here on.
    pub fn set_environment(&self, environment: Arc<Environment>) {
        self.environment.set(environment);
    }

    /// The state of the inbox. It stays readable after a panic of whoever held
    /// it.
    pub fn inbox(&self) -> MutexGuard<'_, InboxStatus> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A daemon that has not scanned its inbox for this long beyond its own
/// interval is stuck.
const STUCK: Duration = Duration::from_mins(1);

/// Whether the daemon still does its work.
#[derive(Debug)]
pub struct Heartbeat {
    scanned: Mutex<Instant>,
    loader: AtomicBool,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { scanned: Mutex::new(Instant::now()), loader: AtomicBool::new(true) }
    }
}

impl Heartbeat {
    /// Records that the inbox was scanned, and whether the loader is alive.
    pub fn record(&self, at: Instant, loader: bool) {
        *self.scanned.lock().unwrap_or_else(PoisonError::into_inner) = at;
        self.loader.store(loader, Ordering::Relaxed);
    }

    /// What is wrong with the daemon, if anything; `poll` is how often it
    /// scans the inbox.
    pub fn failure(&self, poll: Duration) -> Option<&'static str> {
        let scanned = *self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.loader.load(Ordering::Relaxed) {
            return Some("the writer of the database has ended");
        }
        (scanned.elapsed() > STUCK + poll * 3).then_some("the inbox is not looked through any more")
    }
}
