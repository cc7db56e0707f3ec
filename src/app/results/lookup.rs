//! Asking for results on behalf of a request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache::{Lookup, ResultCache};
use super::error::ResultsError;
use super::key::{ComputedResult, ResultKey, RoundResult};
use crate::environment::Environment;
use crate::kpi::{Definition, KpiResult, Level, Library, Period, PersonExplained, UnitExplained};
use crate::store::Reader;

/// Results as of the state of the data that one request sees.
#[derive(Clone, Copy)]
pub struct ResultReader<'a> {
    /// Where results are cached.
    pub cache: &'a ResultCache,
    /// The state of the store that the request sees.
    pub reader: &'a Reader,
    /// The environment that the request began with.
    pub environment: &'a Environment,
}

/// An indicator by id.
///
/// # Errors
/// Fails if there is no indicator of this id.
pub fn definition<'l>(library: &'l Library, id: &str) -> Result<&'l Definition, ResultsError> {
    library.get(id).ok_or(ResultsError::NoKpi)
}

impl ResultReader<'_> {
    /// Indicators at a level, with every group, in the order asked for. Asking
    /// for several at once is faster than one after the other. They contain
    /// small counts, which [`crate::app::redaction`] hides.
    ///
    /// # Errors
    /// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
    pub fn kpis(
        &self,
        wanted: &[(&str, Period, Level)],
    ) -> Result<Vec<Arc<KpiResult>>, ResultsError> {
        let key = |(id, period, level): &(&str, Period, Level)| {
            ResultKey::Kpi((*id).to_owned(), period.to_string(), level.to_string())
        };
        let keys: Vec<ResultKey> = wanted.iter().map(key).collect();
        let kpi =
            |result| if let ComputedResult::Kpi(result) = result { Some(result) } else { None };
        Ok(self.all(&keys)?.into_iter().filter_map(kpi).collect())
    }

    /// Whom a unit misses. Citizen IDs are in clear: only for viewers who may
    /// see the rows of the unit.
    ///
    /// # Errors
    /// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
    pub fn unit(
        &self,
        id: &str,
        period: Period,
        hcode: &str,
    ) -> Result<Arc<UnitExplained>, ResultsError> {
        let key = ResultKey::Unit(id.to_owned(), period.to_string(), hcode.to_owned());
        match self.one(key)? {
            ComputedResult::Unit(explained) => Ok(explained),
            _ => Err(ResultsError::NotReady),
        }
    }

    /// Why a person counts, at every unit that knows the person.
    ///
    /// # Errors
    /// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
    pub fn person(
        &self,
        id: &str,
        period: Period,
        cid: &str,
    ) -> Result<Arc<PersonExplained>, ResultsError> {
        let key = ResultKey::Person(id.to_owned(), period.to_string(), cid.to_owned());
        match self.one(key)? {
            ComputedResult::Person(explained) => Ok(explained),
            _ => Err(ResultsError::NotReady),
        }
    }

    /// Points, quality and money of a round (B.E.).
    ///
    /// # Errors
    /// As [`ResultReader::kpis`], and if there is no rulebook of the round.
    pub fn round(&self, round: i32) -> Result<Arc<RoundResult>, ResultsError> {
        match self.one(ResultKey::Round(round))? {
            ComputedResult::Round(round) => Ok(round),
            _ => Err(ResultsError::NotReady),
        }
    }

    /// Units with stored visits in a month (`YYYYMM`, C.E.), whoever sent them.
    ///
    /// # Errors
    /// [`ResultsError::NotReady`] while it is being computed, else why it cannot be.
    pub fn visited(&self, month: u32) -> Result<Arc<BTreeSet<String>>, ResultsError> {
        match self.one(ResultKey::Visited(month))? {
            ComputedResult::Visited(units) => Ok(units),
            _ => Err(ResultsError::NotReady),
        }
    }

    fn one(&self, key: ResultKey) -> Result<ComputedResult, ResultsError> {
        self.all(&[key])?.pop().ok_or(ResultsError::NotReady)
    }

    /// Results, each cached or computed now.
    fn all(&self, keys: &[ResultKey]) -> Result<Vec<ComputedResult>, ResultsError> {
        let (cache, limits) = (self.cache, &self.environment.config.limits);
        let state = cache.source.state(self.reader, keys)?;
        let until = Instant::now() + Duration::from_millis(limits.figures_wait_ms);
        let max_staleness = Duration::from_millis(limits.figures_stale_ms);
        let mut missing = cache.request(keys, &state, max_staleness);
        if missing > 0 {
            let Some(_waiting) = cache.may_wait(self.environment.config.http.workers) else {
                return Err(ResultsError::NotReady);
            };
            while missing > 0 && cache.wait(until) {
                missing = cache.missing(keys, &state, max_staleness);
            }
        }
        keys.iter()
            .map(|key| match cache.look_up(key, &state, max_staleness) {
                Lookup::Found(result) => Ok(result),
                Lookup::Failed(error) => Err(error),
                Lookup::Missing => Err(ResultsError::NotReady),
            })
            .collect()
    }
}
