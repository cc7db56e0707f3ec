//! Computes results on a connection and a snapshot of its own.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::cache::ResultCache;
use super::error::ResultsError;
use super::key::{ComputedResult, DataState, ResultKey, RoundResult};
use super::lookup::definition;
use super::source::ResultSource;
use crate::environment::Environment;
use crate::kpi::{Calculator, KpiError, Library};
use crate::money::result::{CalculationInput, MoneyError, count};
use crate::score::AsOf;
use crate::score::rulebook::check::check;
use crate::store::{PartialResults, Reader, SqlValue, StoreError};

/// Units with visits in a month.
const VISITED: &str = include_str!("../../../schema/status/visited.sql");

/// Maximum age of a snapshot: while one is open, SQLite cannot checkpoint its
/// write-ahead log.
const SNAPSHOT: Duration = Duration::from_mins(2);

/// Results computed on one state of the store.
struct ComputeBatch<'a> {
    source: &'a ResultSource,
    environment: &'a Arc<Environment>,
    library: &'a Library,
    reader: &'a Reader,
    kept: &'a PartialResults,
}

/// The outcome of a computation, and the state of the data it is of.
type Computed = (DataState, Result<ComputedResult, ResultsError>);

/// Computes a result, and then those that `next` gives, as long as they can
/// be computed on the same snapshot with the same intermediate tables.
pub fn compute_batch(
    (cache, stop): (&ResultCache, &Arc<AtomicBool>),
    first: ResultKey,
    mut next: impl FnMut() -> Option<ResultKey>,
    mut insert: impl FnMut(ResultKey, Computed),
) {
    let mut present = Some(first);
    // A panic is a failure of the result that was being computed.
    let computed = catch_unwind(AssertUnwindSafe(|| {
        try_batch((cache, stop), &mut present, &mut next, &mut insert).err()
    }));
    let error = computed.unwrap_or_else(|_| {
        log::error!("a panic while computing a result");
        Some(ResultsError::Bug)
    });
    if let (Some(error), Some(key)) = (error, present) {
        insert(key, (DataState::default(), Err(error)));
    }
}

fn try_batch(
    (cache, stop): (&ResultCache, &Arc<AtomicBool>),
    present: &mut Option<ResultKey>,
    next: &mut impl FnMut() -> Option<ResultKey>,
    insert: &mut impl FnMut(ResultKey, Computed),
) -> Result<(), ResultsError> {
    let source = &cache.source;
    let environment = source.environment.get();
    let library = cache.library()?;
    let reader = Reader::open(&source.database, None)?;
    let longest = Duration::from_millis(environment.config.limits.kpi_ms);
    let begun = Instant::now();
    let _held = reader.snapshot()?;
    let kept = PartialResults::open(&source.data, environment.config.limits.figures_kept_mib);
    let batch = ComputeBatch {
        source,
        environment: &environment,
        library: &library,
        reader: &reader,
        kept: &kept,
    };
    let mut session = Calculator::new(&environment, &reader).map_err(failure)?.with_cache(&kept);
    while let Some(key) = present {
        // The end of the program does not wait for a result.
        reader.stop_after_or(longest, Arc::clone(stop))?;
        let state = source.state(&reader, std::slice::from_ref(key))?;
        let computing = Instant::now();
        let result = batch.compute(&mut session, key);
        log::debug!("a result in {} ms", computing.elapsed().as_millis());
        // A query that was stopped has taken the snapshot with it.
        let well = result.is_ok() && begun.elapsed() < SNAPSHOT;
        if let Some(key) = present.take() {
            insert(key, (state, result));
        }
        *present = well.then(&mut *next).flatten();
    }
    Ok(())
}

impl ComputeBatch<'_> {
    fn compute(
        &self,
        session: &mut Calculator<'_>,
        key: &ResultKey,
    ) -> Result<ComputedResult, ResultsError> {
        let period = |text: &str| text.parse().map_err(|_| unreadable("period"));
        Ok(match key {
            ResultKey::Kpi(id, of, level) => {
                let level = level.parse().map_err(|_| unreadable("level"))?;
                let result = session.run(definition(self.library, id)?, &period(of)?, level);
                ComputedResult::Kpi(Arc::new(result.map_err(failure)?))
            }
            ResultKey::Unit(id, of, hcode) => {
                let definition = definition(self.library, id)?;
                let explained = session.explain_unit(definition, &period(of)?, hcode, true);
                ComputedResult::Unit(Arc::new(explained.map_err(failure)?))
            }
            ResultKey::Person(id, of, cid) => {
                let definition = definition(self.library, id)?;
                let explained = session.explain_person(definition, &period(of)?, cid, true);
                ComputedResult::Person(Arc::new(explained.map_err(failure)?))
            }
            ResultKey::Round(round) => ComputedResult::Round(Arc::new(self.round(*round)?)),
            ResultKey::Visited(month) => {
                ComputedResult::Visited(Arc::new(visited(self.reader, *month)?))
            }
        })
    }

    fn round(&self, round: i32) -> Result<RoundResult, ResultsError> {
        let ComputeBatch { environment, reader, .. } = self;
        let book = self.source.rulebook(round)?;
        if let Some(mistake) = check(&book, &environment.catalog).into_iter().next() {
            log::error!("{mistake}");
            return Err(ResultsError::InvalidRulebook);
        }
        let as_of = AsOf::find(reader, None)?;
        let (catalog, units) = (&environment.catalog, &environment.units);
        let kept = Some(self.kept);
        let counted = count(&CalculationInput { reader, catalog, units, book: &book, as_of, kept });
        let counted = counted.map_err(|error| match error {
            MoneyError::Store(error) => ResultsError::from(error),
            other => {
                log::error!("{other}");
                ResultsError::NotComputable
            }
        })?;
        Ok(RoundResult { book, counted, environment: Arc::clone(environment) })
    }
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

fn unreadable(what: &'static str) -> ResultsError {
    ResultsError::InvalidParameter(what)
}

fn failure(error: KpiError) -> ResultsError {
    match error {
        KpiError::TooLong { .. } => ResultsError::TooLong,
        KpiError::Store { cause, .. } => ResultsError::from(cause),
        KpiError::Shape { .. } => {
            log::error!("{error}");
            ResultsError::Bug
        }
    }
}
