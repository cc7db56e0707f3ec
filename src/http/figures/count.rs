//! Counts one figure, from a connection and a snapshot of its own.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::{Figure, Round, State, What, definition};
use crate::http::problem::{self, Problem};
use crate::http::shared::Shared;
use crate::kpi::{Calculator, KpiError, Library};
use crate::money::result::{CalculationInput, MoneyError, count};
use crate::score::rulebook::check::check;
use crate::score::{AsOf, Rulebook, Rulebooks};
use crate::store::{Reader, ResultCache, SqlValue, StoreError};
use crate::world::World;

/// Units with visits in a month.
const VISITED: &str = include_str!("../../../schema/status/visited.sql");

/// For how long one snapshot is counted on, however much waits: the log of the
/// database cannot shrink while it is held.
const SITTING: Duration = Duration::from_mins(2);

/// A state of the store that figures are counted on.
struct Sitting<'a> {
    shared: &'a Shared,
    world: &'a Arc<World>,
    library: &'a Library,
    reader: &'a Reader,
    kept: &'a ResultCache,
}

/// What came of counting: of which state it is, and the figure.
type Outcome = (State, Result<Figure, Problem>);

/// Counts a figure, and then what `next` says, as long as it can be counted on
/// the same state with the same building blocks.
pub(super) fn sit(
    (shared, stop): (&Shared, &Arc<AtomicBool>),
    first: What,
    mut next: impl FnMut() -> Option<What>,
    mut keep: impl FnMut(What, Outcome),
) {
    let mut present = Some(first);
    // A panic is trouble of the figure that was being counted.
    let counted = catch_unwind(AssertUnwindSafe(|| {
        let tried = try_sit((shared, stop), &mut present, &mut next, &mut keep);
        tried.err()
    }));
    let problem = counted.unwrap_or_else(|_| {
        log::error!("a panic while counting a figure");
        Some(Problem::new(problem::PANIC, "it is in the log of the daemon"))
    });
    if let (Some(problem), Some(what)) = (problem, present) {
        keep(what, (State::default(), Err(problem)));
    }
}

fn try_sit(
    (shared, stop): (&Shared, &Arc<AtomicBool>),
    present: &mut Option<What>,
    next: &mut impl FnMut() -> Option<What>,
    keep: &mut impl FnMut(What, Outcome),
) -> Result<(), Problem> {
    let world = shared.world();
    let library = shared.figures.library(shared)?;
    let reader = Reader::open(&shared.database, None)?;
    let longest = Duration::from_millis(world.config.limits.kpi_ms);
    let begun = Instant::now();
    let _held = reader.snapshot()?;
    let kept = ResultCache::open(&shared.data, world.config.limits.figures_kept_mib);
    let sitting =
        Sitting { shared, world: &world, library: &library, reader: &reader, kept: &kept };
    let mut session = Calculator::new(&world, &reader).map_err(trouble)?.with_cache(&kept);
    while let Some(what) = present {
        // An end of the program does not wait for a figure.
        reader.stop_after_or(longest, Arc::clone(stop))?;
        let state = State::read(shared, &reader, std::slice::from_ref(what))?;
        let counting = Instant::now();
        let figure = sitting.count(&mut session, what);
        log::debug!("a figure in {} ms", counting.elapsed().as_millis());
        // A query that was stopped has taken the snapshot with it.
        let well = figure.is_ok() && begun.elapsed() < SITTING;
        if let Some(what) = present.take() {
            keep(what, (state, figure));
        }
        *present = well.then(&mut *next).flatten();
    }
    Ok(())
}

impl Sitting<'_> {
    fn count(&self, session: &mut Calculator<'_>, what: &What) -> Result<Figure, Problem> {
        let period = |text: &str| text.parse().map_err(|_| unknown("period"));
        Ok(match what {
            What::Kpi(id, of, level) => {
                let level = level.parse().map_err(|_| unknown("level"))?;
                let result = session.run(definition(self.library, id)?, &period(of)?, level);
                Figure::Kpi(Arc::new(result.map_err(trouble)?))
            }
            What::Unit(id, of, hcode) => {
                let definition = definition(self.library, id)?;
                let explained = session.explain_unit(definition, &period(of)?, hcode, true);
                Figure::Unit(Arc::new(explained.map_err(trouble)?))
            }
            What::Person(id, of, cid) => {
                let definition = definition(self.library, id)?;
                let explained = session.explain_person(definition, &period(of)?, cid, true);
                Figure::Person(Arc::new(explained.map_err(trouble)?))
            }
            What::Round(round) => Figure::Round(Arc::new(self.round(*round)?)),
            What::Visited(month) => Figure::Visited(Arc::new(visited(self.reader, *month)?)),
        })
    }

    fn round(&self, round: i32) -> Result<Round, Problem> {
        let Sitting { world, reader, .. } = self;
        let book = rulebook(self.shared, round)?;
        if let Some(mistake) = check(&book, &world.catalog).into_iter().next() {
            log::error!("{mistake}");
            return Err(Problem::new(problem::RULEBOOK, "khlang config check tells what"));
        }
        let as_of = AsOf::find(reader, None)?;
        let (catalog, units) = (&world.catalog, &world.units);
        let kept = Some(self.kept);
        let counted = count(&CalculationInput { reader, catalog, units, book: &book, as_of, kept });
        let counted = counted.map_err(|error| match error {
            MoneyError::Store(error) => Problem::from(error),
            other => {
                log::error!("{other}");
                Problem::new(problem::RULEBOOK, "it is in the log of the daemon")
            }
        })?;
        Ok(Round { book, counted, world: Arc::clone(world) })
    }
}

/// The rulebook of a round.
pub(super) fn rulebook(shared: &Shared, round: i32) -> Result<Rulebook, Problem> {
    let shelf = Rulebooks::open(&shared.data);
    if !shelf.rounds().contains_key(&round) {
        let known: Vec<String> = shelf.rounds().keys().map(ToString::to_string).collect();
        let detail = format!("there are rulebooks of {}", known.join(", "));
        return Err(Problem::new(problem::NO_ROUND, detail));
    }
    shelf.rulebook(round).map_err(|error| {
        log::error!("{error}");
        Problem::new(problem::RULEBOOK, "khlang config check tells what")
    })
}

fn visited(reader: &Reader, month: u32) -> Result<BTreeSet<String>, StoreError> {
    let first = i64::from(month) * 100;
    let params = [(":first", SqlValue::Int(first)), (":last", SqlValue::Int(first + 99))];
    let mut units = BTreeSet::new();
    reader.each_line(VISITED, &params, |line| {
        units.extend(line.str(0)?.map(str::to_owned));
        Ok(())
    })?;
    Ok(units)
}

fn unknown(what: &str) -> Problem {
    Problem::new(problem::INVALID_PARAMETER, what)
}

fn trouble(error: KpiError) -> Problem {
    match error {
        KpiError::TooLong { .. } => {
            Problem::new(problem::QUERY_TIMEOUT, "it took longer than limits.kpi_ms allows")
        }
        KpiError::Store { cause, .. } => Problem::from(cause),
        KpiError::Shape { .. } => {
            log::error!("{error}");
            Problem::new(problem::PANIC, "it is in the log of the daemon")
        }
    }
}
