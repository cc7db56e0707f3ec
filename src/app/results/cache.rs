//! Where results are cached, and the queue of those to be computed.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::ResultsError;
use super::key::{ComputedResult, DataState, ResultKey};
use super::source::ResultSource;
use crate::kpi::Library;
use crate::overlay::{self, Overlay};

/// How long a failure is cached before the computation is tried again.
const FAILURE_CACHED: Duration = Duration::from_secs(10);

/// Longest queue of results to be computed; a request that does not fit has
/// to come back.
const QUEUE: usize = 512;

/// Longest wait for news at a time.
const NEWS: Duration = Duration::from_millis(100);

/// Longest wait of the thread that computes before it looks whether to stop.
const IDLE: Duration = Duration::from_millis(200);

/// Results, cached and being computed.
pub struct ResultCache {
    /// What they are computed from.
    pub(super) source: ResultSource,
    table: Mutex<CacheTable>,
    changed: Condvar,
    waiting: AtomicUsize,
    library: Mutex<Option<(u64, Arc<Library>)>>,
}

#[derive(Default)]
struct CacheTable {
    entries: HashMap<ResultKey, CacheEntry>,
    queue: VecDeque<ResultKey>,
    /// What is being computed.
    computing: Option<ResultKey>,
    bytes: usize,
}

/// The outcome of a computation.
struct CacheEntry {
    state: DataState,
    made: Instant,
    used: Instant,
    bytes: usize,
    outcome: Result<ComputedResult, ResultsError>,
}

/// What the cache has of a result.
pub enum Lookup {
    /// The result.
    Found(ComputedResult),
    /// It could not be computed.
    Failed(ResultsError),
    /// It is still to be computed.
    Missing,
}

impl CacheEntry {
    /// Whether it may be given to a request that sees `state`.
    fn answers(&self, state: &DataState, max_staleness: Duration) -> bool {
        let age = self.made.elapsed();
        match &self.outcome {
            Ok(_) => {
                // The computing thread may have seen more than the request.
                self.state.rest == state.rest
                    && (self.state.submissions >= state.submissions || age < max_staleness)
            }
            Err(_) => age < FAILURE_CACHED,
        }
    }
}

/// A worker that waits for a result, until this is dropped.
pub struct WaitingWorker<'a>(&'a AtomicUsize);

impl Drop for WaitingWorker<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ResultCache {
    /// An empty cache of results that are computed from `source`.
    pub fn new(source: ResultSource) -> Self {
        Self {
            source,
            table: Mutex::default(),
            changed: Condvar::default(),
            waiting: AtomicUsize::default(),
            library: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, CacheTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The indicators in force, read again after each reload.
    ///
    /// # Errors
    /// A file of an indicator that cannot be read, or that is wrong.
    pub fn library(&self) -> Result<Arc<Library>, ResultsError> {
        let generation = self.source.environment.generation();
        let mut cached = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, library)) = &*cached
            && *of == generation
        {
            return Ok(library.clone());
        }
        let read = Library::load(Some(&Overlay::new(&self.source.data, overlay::KPI))).map_err(
            |error| {
                log::error!("{error}");
                ResultsError::InvalidDefinition
            },
        )?;
        let library = Arc::new(read);
        *cached = Some((generation, library.clone()));
        Ok(library)
    }

    /// Queues what is missing or stale; returns how many are missing.
    pub fn request(&self, keys: &[ResultKey], state: &DataState, max_staleness: Duration) -> usize {
        let mut table = self.table();
        let mut missing = 0;
        for key in keys {
            let entry = table.entries.get(key);
            let answers = entry.is_some_and(|entry| entry.answers(state, max_staleness));
            let fresh = entry.is_some_and(|entry| {
                entry.outcome.is_err() || entry.state.submissions >= state.submissions
            });
            missing += usize::from(!answers);
            // A stale result is given, and computed again meanwhile.
            let queued = table.queue.contains(key);
            if (!answers || !fresh) && !queued && table.queue.len() < QUEUE {
                table.queue.push_back(key.clone());
            }
        }
        let most = self.source.environment.get().config.limits.figures_mib << 20;
        table.shrink(most, keys);
        drop(table);
        self.changed.notify_all();
        missing
    }

    /// How many cannot be given yet.
    pub fn missing(&self, keys: &[ResultKey], state: &DataState, max_staleness: Duration) -> usize {
        let table = self.table();
        let answers = |key: &&ResultKey| {
            table.entries.get(*key).is_some_and(|entry| entry.answers(state, max_staleness))
        };
        keys.len() - keys.iter().filter(answers).count()
    }

    /// Permission to wait, unless half of the workers do already.
    pub fn may_wait(&self, workers: usize) -> Option<WaitingWorker<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = WaitingWorker(&self.waiting);
        (before < (workers / 2).max(1)).then_some(waiting)
    }

    /// Waits for news; false when the time is up.
    pub fn wait(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let table = self.table();
        let waited = self.changed.wait_timeout(table, left.min(NEWS));
        drop(waited);
        true
    }

    /// Waits a moment for something to compute.
    pub fn wait_for_work(&self) {
        let table = self.table();
        drop(self.changed.wait_timeout(table, IDLE));
    }

    /// What there is of a result.
    pub fn look_up(&self, key: &ResultKey, state: &DataState, max_staleness: Duration) -> Lookup {
        let mut table = self.table();
        let entry = table.entries.get_mut(key).filter(|entry| entry.answers(state, max_staleness));
        match entry {
            None => Lookup::Missing,
            Some(entry) => {
                entry.used = Instant::now();
                match &entry.outcome {
                    Ok(result) => Lookup::Found(result.clone()),
                    Err(error) => Lookup::Failed(error.clone()),
                }
            }
        }
    }

    /// Takes the first of the queue that `fits`.
    pub fn next(&self, fits: impl Fn(&ResultKey) -> bool) -> Option<ResultKey> {
        let mut table = self.table();
        let at = table.queue.iter().position(fits)?;
        let key = table.queue.remove(at);
        table.computing.clone_from(&key);
        key
    }

    /// Caches the outcome of a computation.
    pub fn insert(
        &self,
        key: ResultKey,
        state: DataState,
        outcome: Result<ComputedResult, ResultsError>,
    ) {
        let mut table = self.table();
        table.computing = None;
        let bytes = outcome.as_ref().map_or(100, ComputedResult::bytes);
        let now = Instant::now();
        let entry = CacheEntry { state, made: now, used: now, bytes, outcome };
        table.bytes += bytes;
        if let Some(old) = table.entries.insert(key, entry) {
            table.bytes -= old.bytes;
        }
        drop(table);
        self.changed.notify_all();
    }
}

impl CacheTable {
    /// Drops the least recently used results until the rest fits into `most`
    /// bytes.
    fn shrink(&mut self, most: usize, spared: &[ResultKey]) {
        while self.bytes > most {
            let oldest = self
                .entries
                .iter()
                .filter(|(key, _)| !spared.contains(key))
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.entries.remove(&key)) else { return };
            self.bytes -= gone.bytes;
        }
    }
}
