//! Where figures are kept, and the thread that counts them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::count::sit;
use super::{Figure, State, What};
use crate::http::problem::{Kind, Problem};
use crate::http::shared::Shared;
use crate::kpi::Library;
use crate::overlay::{self, Overlay};

/// Trouble is told again for so long before it is tried again.
const TROUBLE_KEPT: Duration = Duration::from_secs(10);

/// So many figures may wait to be counted; a client that wants more at once
/// has to come again.
const QUEUE: usize = 512;

/// Figures, kept and being counted.
#[derive(Default)]
pub struct Figures {
    table: Mutex<Table>,
    changed: Condvar,
    waiting: AtomicUsize,
    library: Mutex<Option<(u64, Arc<Library>)>>,
}

#[derive(Default)]
struct Table {
    kept: HashMap<What, Kept>,
    queue: VecDeque<What>,
    /// What is being counted.
    working: Option<What>,
    bytes: usize,
}

/// What came of counting.
struct Kept {
    state: State,
    made: Instant,
    used: Instant,
    bytes: usize,
    outcome: Result<Figure, (&'static Kind, String)>,
}

/// What there is of a figure.
pub(super) enum Taken {
    /// This.
    Figure(Figure),
    /// It could not be counted.
    Trouble(Problem),
    /// It is still to be counted.
    Nothing,
}

impl Kept {
    /// Whether it answers for a state.
    fn answers(&self, state: &State, behind: Duration) -> bool {
        let age = self.made.elapsed();
        match &self.outcome {
            Ok(_) => {
                // The thread may have seen more than the one who asks.
                self.state.rest == state.rest
                    && (self.state.submission >= state.submission || age < behind)
            }
            Err(_) => age < TROUBLE_KEPT,
        }
    }
}

/// A worker that waits; it no longer does when this is dropped.
pub struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Figures {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The indicators in force, read again after each reload.
    pub fn library(&self, shared: &Shared) -> Result<Arc<Library>, Problem> {
        let generation = shared.generation();
        let mut kept = self.library.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, library)) = &*kept
            && *of == generation
        {
            return Ok(library.clone());
        }
        let read =
            Library::load(Some(&Overlay::new(&shared.data, overlay::KPI))).map_err(|error| {
                log::error!("{error}");
                Problem::new(
                    crate::http::problem::PANIC,
                    "a definition of an indicator is not valid",
                )
            })?;
        let library = Arc::new(read);
        *kept = Some((generation, library.clone()));
        Ok(library)
    }

    /// Has what is missing counted; tells how many are missing.
    pub(super) fn want(
        &self,
        shared: &Shared,
        wanted: &[What],
        state: &State,
        behind: Duration,
    ) -> usize {
        let mut table = self.table();
        let mut missing = 0;
        for what in wanted {
            let kept = table.kept.get(what);
            let answers = kept.is_some_and(|kept| kept.answers(state, behind));
            let fresh = kept.is_some_and(|kept| {
                kept.outcome.is_err() || kept.state.submission >= state.submission
            });
            missing += usize::from(!answers);
            // What is a little behind is given, and counted anew meanwhile.
            let queued = table.queue.contains(what);
            let wanted_anew = !answers || !fresh;
            if wanted_anew && !queued && table.queue.len() < QUEUE {
                table.queue.push_back(what.clone());
            }
        }
        let most = shared.world().config.limits.figures_mib << 20;
        table.shrink(most, wanted);
        drop(table);
        self.changed.notify_all();
        missing
    }

    /// How many do not answer yet.
    pub(super) fn missing(&self, wanted: &[What], state: &State, behind: Duration) -> usize {
        let table = self.table();
        let answers =
            |what: &&What| table.kept.get(*what).is_some_and(|kept| kept.answers(state, behind));
        wanted.len() - wanted.iter().filter(answers).count()
    }

    /// Leave to wait, when not half of the workers do already.
    pub fn may_wait(&self, workers: usize) -> Option<Waiting<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        (before < (workers / 2).max(1)).then_some(waiting)
    }

    /// Waits for news; false when the time is up.
    pub fn wait(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let table = self.table();
        let waited = self.changed.wait_timeout(table, left.min(Duration::from_millis(100)));
        drop(waited);
        true
    }

    /// What there is of a figure.
    pub(super) fn take(&self, what: &What, state: &State, behind: Duration) -> Taken {
        let mut table = self.table();
        let kept = table.kept.get_mut(what).filter(|kept| kept.answers(state, behind));
        match kept {
            None => Taken::Nothing,
            Some(kept) => {
                kept.used = Instant::now();
                match &kept.outcome {
                    Ok(figure) => Taken::Figure(figure.clone()),
                    Err((kind, detail)) => Taken::Trouble(Problem::new(kind, detail.clone())),
                }
            }
        }
    }

    /// Starts the thread that counts.
    pub fn start(shared: Arc<Shared>, stop: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("figures".into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                shared.figures.work(&shared, &stop);
            }
        })
    }

    /// Counts what waits, then looks again after a moment.
    fn work(&self, shared: &Shared, stop: &Arc<AtomicBool>) {
        let Some(first) = self.next(|_| true) else {
            let table = self.table();
            drop(self.changed.wait_timeout(table, Duration::from_millis(200)));
            return;
        };
        // What shares building blocks comes next; anything else sees a state
        // of its own.
        let next = || {
            let more = !stop.load(Ordering::Relaxed);
            more.then(|| self.next(|what| matches!(what, What::Kpi(..)))).flatten()
        };
        sit((shared, stop), first, next, |what, (state, outcome)| self.keep(what, state, outcome));
    }

    fn next(&self, fits: impl Fn(&What) -> bool) -> Option<What> {
        let mut table = self.table();
        let at = table.queue.iter().position(fits)?;
        let what = table.queue.remove(at);
        table.working.clone_from(&what);
        what
    }

    pub(super) fn keep(&self, what: What, state: State, outcome: Result<Figure, Problem>) {
        let mut table = self.table();
        table.working = None;
        let outcome = outcome.map_err(|problem| (problem.kind, problem.detail));
        let bytes = outcome.as_ref().map_or(100, Figure::bytes);
        let now = Instant::now();
        let kept = Kept { state, made: now, used: now, bytes, outcome };
        table.bytes += bytes;
        if let Some(old) = table.kept.insert(what, kept) {
            table.bytes -= old.bytes;
        }
        drop(table);
        self.changed.notify_all();
    }
}

impl Table {
    /// Forgets what was not asked for longest, until the rest has room.
    fn shrink(&mut self, most: usize, spared: &[What]) {
        while self.bytes > most {
            let oldest = self
                .kept
                .iter()
                .filter(|(what, _)| !spared.contains(what))
                .min_by_key(|(_, kept)| kept.used)
                .map(|(what, _)| what.clone());
            let Some(gone) = oldest.and_then(|what| self.kept.remove(&what)) else { return };
            self.bytes -= gone.bytes;
        }
    }
}

impl Figure {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        match self {
            Self::Kpi(result) => 1000 + result.rows.len() * 300,
            Self::Unit(explained) => 2000 + explained.missing.len() * 200,
            Self::Person(explained) => 2000 + explained.outcomes.len() * 3000,
            Self::Round(round) => {
                let units = round.counted.points.units.len();
                10_000 + units * 30_000
            }
            Self::Visited(units) => 200 + units.len() * 60,
        }
    }
}
