//! Counts a KPI: puts together by level what the rows of its query come to,
//! with values that were entered and with what the data lack.

use super::KpiError;
use super::aggregate::Aggregates;
use super::amount::Amount;
use super::definition::{CountingUnit, Definition};
use super::incremental::Incremental;
use super::level::Level;
use super::needs::DataNeeds;
use super::period::Period;
use super::result::{
    GroupSums, KpiResult, KpiRow, NotComputable, Tally, finish, group_code, row_of,
};
use super::session::Session;
use crate::environment::Environment;
use crate::store::{PartialResults, Reader, ReportedValue};

/// Counts one KPI over the present state of the store. For several, one
/// [`Calculator`] shares what they have in common.
///
/// # Errors
/// When the store fails, when the query takes longer than it may, or when it
/// does not answer as its definition says.
pub fn run(
    environment: &Environment,
    reader: &Reader,
    definition: &Definition,
    period: &Period,
    level: Level,
) -> Result<KpiResult, KpiError> {
    Calculator::new(environment, reader)?.run(definition, period, level)
}

/// Counts and explains any number of KPIs over one state of the store. When a
/// query is stopped for taking too long its snapshot is lost with it: begin
/// another calculator.
pub struct Calculator<'a> {
    pub(super) counts: Incremental<'a>,
    pub(super) needs: DataNeeds,
}

impl<'a> Calculator<'a> {
    /// Holds the present state; joins a snapshot that is held already.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(environment: &'a Environment, reader: &'a Reader) -> Result<Self, KpiError> {
        let counts = Incremental::new(Session::new(environment, reader)?);
        Ok(Self { counts, needs: DataNeeds::default() })
    }

    /// Takes what is cached of earlier counts, as far as it still holds, and
    /// caches its own.
    #[must_use]
    pub fn with_cache(mut self, cache: &'a PartialResults) -> Self {
        self.counts.set_cache(cache);
        self
    }

    /// Counts a KPI for a period, by the groups of a level.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(
        &mut self,
        definition: &Definition,
        period: &Period,
        level: Level,
    ) -> Result<KpiResult, KpiError> {
        let days = period.days(definition.year);
        let mut tally = Tally::default();
        let mut not_computable = self.needs.missing(self.counts.session(), definition, &days)?;
        if not_computable.is_none() {
            match &definition.query {
                None => tally = self.reported(definition, period, level)?,
                Some(query) => {
                    let counted = self.counts.aggregate(definition, query, &days)?;
                    tally = self.tally(definition, &counted, level);
                    self.needs.mark_silent(
                        self.counts.session(),
                        definition,
                        &days,
                        (level, &mut tally),
                    )?;
                }
            }
        }
        if definition.enter {
            self.enter_groups(definition, period, level, &mut tally)?;
            if !tally.groups.is_empty() {
                not_computable = None;
            } else if definition.query.is_none() {
                not_computable = Some(NotComputable::nothing_reported(period));
            }
        }
        let units = &self.counts.session().environment.units;
        Ok(finish(definition, period, &days, level, tally, not_computable, units))
    }

    /// Puts units together by level.
    fn tally(&self, definition: &Definition, counted: &Aggregates, level: Level) -> Tally {
        let mut tally = Tally::default();
        let to = (&self.counts.session().environment.units, level);
        let places = if definition.counts == CountingUnit::Persons { 0 } else { definition.places };
        for (hcode, sums) in &counted.units {
            tally.add_unit(to, hcode, sums, places);
        }
        for (pattern, count) in counted.cohorts.values().flatten() {
            tally.add_persons(to, pattern, *count);
        }
        // A unit of which all rows are excluded has nothing to show.
        tally.groups.retain(|_, s| !s.denominator.is_zero() || !s.numerator.is_zero());
        tally
    }

    fn reported(
        &self,
        definition: &Definition,
        period: &Period,
        level: Level,
    ) -> Result<Tally, KpiError> {
        let entries = self.entries(definition, period)?;
        let mut tally = Tally::default();
        for entry in entries.iter().filter(|entry| !entry.unit.contains(':')) {
            let sums = tally.group(group_code(
                &self.counts.session().environment.units,
                level,
                &entry.unit,
            ));
            sums.numerator.add(Amount::signed(&entry.numerator).unwrap_or_default());
            sums.denominator.add(Amount::parse(&entry.denominator).unwrap_or_default());
        }
        Ok(tally)
    }

    /// The value that was entered for a place that is no group of units: the
    /// region.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its definition asks for.
    pub fn entered(
        &self,
        definition: &Definition,
        period: &Period,
        place: &str,
    ) -> Result<Option<KpiRow>, KpiError> {
        let entries = self.entries(definition, period)?;
        let Some(entry) = entries.iter().find(|entry| entry.unit == place) else { return Ok(None) };
        let target = definition.target_of(period.days(definition.year).year);
        let sums = GroupSums::entered(entry);
        Ok(Some(row_of(definition, (place.to_owned(), place.to_owned()), sums, target)))
    }

    /// Replaces what is computed, or added up from units, by values that were
    /// entered for whole groups.
    fn enter_groups(
        &self,
        definition: &Definition,
        period: &Period,
        level: Level,
        tally: &mut Tally,
    ) -> Result<(), KpiError> {
        let entries = self.entries(definition, period)?;
        for entry in &entries {
            let of_unit = level == Level::Unit && definition.query.is_some();
            let code = match entry.unit.split_once(':') {
                Some((name, code)) => (name == level.to_string()).then_some(code),
                None => of_unit.then_some(entry.unit.as_str()),
            };
            let Some(code) = code else { continue };
            *tally.group(code) = GroupSums::entered(entry);
        }
        Ok(())
    }

    /// Values that people entered for a KPI and a period.
    fn entries(
        &self,
        definition: &Definition,
        period: &Period,
    ) -> Result<Vec<ReportedValue>, KpiError> {
        let reader = self.counts.session().reader;
        reader
            .reported(&definition.id, &period.to_string())
            .map_err(|cause| KpiError::from_store(&definition.id, cause))
    }
}
