//! A KPI after one more archive: what is cached of an earlier count is taken as
//! far as it still holds, and only the rest is counted, with a filter before the
//! store ([`RowFilter`]) through which the same query sees that rest alone.
//!
//! A query says in its head whether it can be counted in parts. What it says of
//! a unit then holds as long as the unit's rows have the same change tokens; what
//! it says of a cohort of persons ([`super::cohorts`]), as long as the same
//! persons are in it and the rows of its units have the same tokens. So the sum
//! of the parts is what all rows come to, whatever was counted when.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::KpiError;
use super::aggregate::{Aggregates, NO_COHORT, PersonCounts, RowSums, aggregate};
use super::cohorts::{Cohort, Cohorts, KNOWN};
use super::definition::{CountingUnit, Definition};
use super::period::PeriodDays;
use super::query::Query;
use super::session::Session;
use crate::files::digest;
use crate::store::{ChangeTokens, PartialResults, Result, RowFilter};

/// Up to this share of all persons (or units), in percent, and up to these
/// numbers in any case, may be of parts that no longer hold: of more, all are
/// counted.
const PART_PERCENT: usize = 30;
const FEW_UNITS: usize = 5;
const FEW_PERSONS: usize = 2_000;

/// Counts queries over a session; with a cache, only what has changed since.
pub(super) struct Incremental<'a> {
    session: Session<'a>,
    cache: Option<&'a PartialResults>,
    tokens: Rc<ChangeTokens>,
    cohorts: Option<Rc<Cohorts>>,
    /// Parts that the session's filter shows, while it has one.
    shown: StaleParts,
}

/// Parts whose cached sums do not hold.
#[derive(Debug, Clone, Default)]
struct StaleParts {
    units: BTreeSet<String>,
    cohorts: BTreeSet<u32>,
}

/// What is cached of a KPI and a period.
#[derive(Default, Serialize, Deserialize)]
struct CachedParts {
    /// Token of all that the query may read; equal when nothing has changed.
    all: String,
    /// By unit: its token, and sums.
    units: BTreeMap<String, (String, Vec<RowSums>)>,
    /// By cohort: its token, and persons.
    cohorts: BTreeMap<String, (String, PersonCounts)>,
}

/// What is to be counted.
struct CountRequest<'q> {
    definition: &'q Definition,
    query: &'q Query,
    days: &'q PeriodDays,
    /// Kinds of record that it may read.
    records: BTreeSet<String>,
    /// Name and fingerprint in the cache.
    name: String,
    fingerprint: String,
}

impl<'a> Incremental<'a> {
    /// Without a cache: everything is counted in full.
    pub(super) fn new(session: Session<'a>) -> Self {
        let (tokens, shown) = (Rc::default(), StaleParts::default());
        Self { session, cache: None, tokens, cohorts: None, shown }
    }

    /// Takes what is cached of earlier counts, and caches its own.
    pub(super) fn set_cache(&mut self, cache: &'a PartialResults) {
        match self.session.reader.change_tokens() {
            Ok(Some(tokens)) => {
                self.tokens = Rc::new(tokens);
                self.cache = Some(cache);
            }
            Ok(None) => {}
            Err(error) => log::warn!("all is counted anew: {error}"),
        }
    }

    /// The session, whatever part of the store it shows.
    pub(super) fn session(&self) -> &Session<'a> {
        &self.session
    }

    /// The session over the whole store.
    pub(super) fn unfiltered(&mut self) -> Result<&mut Session<'a>> {
        self.session.clear_filter()?;
        Ok(&mut self.session)
    }

    /// Counts a query over all rows.
    pub(super) fn aggregate(
        &mut self,
        definition: &Definition,
        query: &Query,
        days: &PeriodDays,
    ) -> std::result::Result<Aggregates, KpiError> {
        let cache = self.cache.filter(|_| definition.counts_in_parts());
        let trouble = |cause| KpiError::from_store(&definition.id, cause);
        let Some(cache) = cache else {
            let session = self.unfiltered().map_err(trouble)?;
            return aggregate(session, definition, query, days, &|_| 0);
        };
        let request = self.request(definition, query, days).map_err(trouble)?;
        let found = cache.get(&request.name, &request.fingerprint);
        let cached = found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let cached: CachedParts = cached.unwrap_or_default();
        let all = self.token_of_all(&request);
        if cached.all == all {
            return Ok(cached.sum());
        }
        let stale = self.stale(&request, &cached).map_err(trouble)?;
        let (cached, sound) = self.count_stale(&request, cached, &stale)?;
        let cached = CachedParts { all, ..cached };
        if sound && let Ok(bytes) = serde_json::to_vec(&cached) {
            cache.put(&request.name, &request.fingerprint, &bytes);
        }
        Ok(cached.sum())
    }

    fn request<'q>(
        &mut self,
        definition: &'q Definition,
        query: &'q Query,
        days: &'q PeriodDays,
    ) -> Result<CountRequest<'q>> {
        let values = self.session.values(definition, days)?;
        let named = query.all_parameters();
        let values = values.into_iter().filter(|(name, _)| named.contains(name));
        let words = query.all_words();
        let reads = |name: &str| words.contains(name) || words.contains(&format!("T_{name}"));
        let records = self.session.environment.catalog.records.iter().map(|record| &record.name);
        let registry = if words.contains("REGISTRY_PERSON") { "registry" } else { "" };
        let fingerprint = digest(&[
            self.tokens.token_of_store(registry),
            &self.tokens.schema_token(),
            &definition.version,
            &format!("{days:?} {:?}", values.collect::<Vec<_>>()),
            &format!("{:?}", self.session.filled(query, days)),
        ]);
        let name = format!("kpi {} {} {}", definition.id, days.start, days.end);
        let records = records.filter(|name| reads(name)).cloned().collect();
        Ok(CountRequest { definition, query, days, records, name, fingerprint })
    }

    fn cohorts(&mut self) -> Result<Rc<Cohorts>> {
        if self.cohorts.is_none() {
            self.session.clear_filter()?;
            let begun = std::time::Instant::now();
            self.cohorts = Some(Rc::new(Cohorts::read(self.session.reader)?));
            log::debug!("cohorts of persons: {} ms", begun.elapsed().as_millis());
        }
        Ok(self.cohorts.clone().unwrap_or_default())
    }

    /// A token of the whole state as far as a query may read it. Who is in which
    /// cohort follows from it: KNOWN reads PERSON, and so does whatever counts
    /// persons.
    fn token_of_all(&self, request: &CountRequest<'_>) -> String {
        let all = self.tokens.units().map(|unit| self.tokens.token_of_unit(unit, None));
        let records = format!("{:?}", request.records);
        digest(&[&records, &all.collect::<Vec<_>>().join("/")])
    }

    /// The parts that do not hold any more, or never were counted.
    fn stale(&mut self, request: &CountRequest<'_>, cached: &CachedParts) -> Result<StaleParts> {
        let mut stale = StaleParts::default();
        let tokens = Rc::clone(&self.tokens);
        if request.query.partitionable_by_unit {
            let listed = self.session.environment.units.by_code.keys().map(String::as_str);
            let known = tokens.units().chain(listed).chain(cached.units.keys().map(String::as_str));
            for unit in known.collect::<BTreeSet<_>>() {
                let token = cached.units.get(unit).map(|(token, _)| token);
                if token != Some(&request.unit_token(&tokens, unit)) {
                    stale.units.insert(unit.to_owned());
                }
            }
        }
        if request.counts_by_person() {
            let cohorts = self.cohorts()?;
            for (at, cohort) in cohorts.list.iter().enumerate() {
                let token = cached.cohorts.get(&cohort.name()).map(|(token, _)| token);
                if token != Some(&request.cohort_token(&tokens, cohort)) {
                    stale.cohorts.insert(at as u32);
                }
            }
        }
        Ok(stale)
    }

    /// Counts the parts that do not hold and puts them in their places; says
    /// whether every row was of a part.
    fn count_stale(
        &mut self,
        request: &CountRequest<'_>,
        mut cached: CachedParts,
        stale: &StaleParts,
    ) -> std::result::Result<(CachedParts, bool), KpiError> {
        let trouble = |cause| KpiError::from_store(&request.definition.id, cause);
        let by_person = request.counts_by_person();
        let cohorts = if by_person { self.cohorts().map_err(trouble)? } else { Rc::default() };
        let cohort_of = |person| cohorts.cohort_of(person);
        let CountRequest { definition, query, days, .. } = *request;
        let first = cached.all.is_empty();
        let some = !first && self.restrict_to(request, stale, &cohorts).map_err(trouble)?;
        if !some {
            self.session.clear_filter().map_err(trouble)?;
        }
        let mut counted = aggregate(&mut self.session, definition, query, days, &cohort_of)?;
        if !request.is_sound(&counted) {
            // Rows of whom nobody knows, or of no person: no query for parts.
            if some {
                let session = self.unfiltered().map_err(trouble)?;
                counted = aggregate(session, definition, query, days, &cohort_of)?;
            }
            return Ok((CachedParts::one(counted), false));
        }
        if !some {
            cached = CachedParts::default();
        }
        let tokens = &self.tokens;
        let every: BTreeSet<u32> = (0..cohorts.list.len() as u32).collect();
        for at in if some { &stale.cohorts } else { &every } {
            let cohort = &cohorts.list[*at as usize];
            let persons = counted.cohorts.remove(at).unwrap_or_default();
            cached.cohorts.insert(cohort.name(), (request.cohort_token(tokens, cohort), persons));
        }
        let mut units = stale.units.clone();
        if !some {
            units.extend(counted.units.keys().cloned());
        }
        for unit in units {
            let token = request.unit_token(tokens, &unit);
            let sums = counted.units.remove(&unit).unwrap_or_default();
            cached.units.insert(unit, (token, sums));
        }
        // Cohorts that nobody is in any more are gone.
        let there: BTreeSet<String> = cohorts.list.iter().map(Cohort::name).collect();
        cached.cohorts.retain(|name, _| there.contains(name));
        Ok((cached, true))
    }

    /// Restricts the session to some parts of the store, or to nothing when they
    /// are a large share of it; says whether it is restricted.
    fn restrict_to(
        &mut self,
        request: &CountRequest<'_>,
        stale: &StaleParts,
        cohorts: &Cohorts,
    ) -> Result<bool> {
        let persons: Vec<u32> = stale.cohorts.iter().copied().collect();
        let persons = cohorts.members(&persons).len();
        let units = self.tokens.units().count().max(self.session.environment.units.by_code.len());
        if persons > FEW_PERSONS.max(cohorts.persons() * PART_PERCENT / 100)
            || stale.units.len() > FEW_UNITS.max(units * PART_PERCENT / 100)
        {
            return Ok(false);
        }
        let values = self.session.values(request.definition, request.days)?;
        self.session.full_unit_blocks(request.query, request.days, &values)?;
        // A filter that shows more than is stale will do, too.
        let mut parts = StaleParts::default();
        if self.session.is_filtered() {
            let shown = &self.shown;
            if stale.units.is_subset(&shown.units) && stale.cohorts.is_subset(&shown.cohorts) {
                return Ok(true);
            }
            parts = shown.clone();
        }
        parts.units.extend(stale.units.iter().cloned());
        parts.cohorts.extend(&stale.cohorts);
        self.session.clear_filter()?;
        self.filter(&parts)?;
        self.shown = parts;
        Ok(true)
    }

    fn filter(&mut self, parts: &StaleParts) -> Result<()> {
        let begun = std::time::Instant::now();
        let wanted: Vec<u32> = parts.cohorts.iter().copied().collect();
        let (persons, partly) = match &self.cohorts {
            Some(cohorts) => {
                let units = wanted.iter().flat_map(|at| &cohorts.list[*at as usize].units);
                (cohorts.members(&wanted), units.cloned().collect::<BTreeSet<_>>())
            }
            None => (Vec::new(), BTreeSet::new()),
        };
        let whole: Vec<String> = parts.units.iter().cloned().collect();
        let partly: Vec<String> = partly.into_iter().collect();
        let filter = RowFilter { whole: &whole, partly: &partly, persons: &persons, known: KNOWN };
        self.session.set_filter(&filter)?;
        log::debug!(
            "restricted to {} units and {} persons at {}: {} ms",
            whole.len(),
            persons.len(),
            partly.len(),
            begun.elapsed().as_millis()
        );
        Ok(())
    }
}

impl CountRequest<'_> {
    /// Whether every row that was counted is of a part.
    fn is_sound(&self, counted: &Aggregates) -> bool {
        !counted.unclassified && (self.query.partitionable_by_unit || counted.units.is_empty())
    }

    /// Whether it can be counted by cohorts of persons.
    fn counts_by_person(&self) -> bool {
        self.query.partitionable_by_person && self.definition.counts == CountingUnit::Persons
    }

    fn unit_token(&self, tokens: &ChangeTokens, unit: &str) -> String {
        digest(&[&tokens.token_of_unit(unit, Some(&self.records))])
    }

    fn cohort_token(&self, tokens: &ChangeTokens, cohort: &Cohort) -> String {
        let units = cohort.units.iter().map(|unit| tokens.token_of_unit(unit, Some(&self.records)));
        digest(&[&cohort.members, &units.collect::<Vec<_>>().join("/")])
    }
}

impl CachedParts {
    /// What was counted in one, as one part.
    fn one(counted: Aggregates) -> Self {
        let persons = counted.cohorts.into_values().flatten().collect();
        let units = counted.units.into_iter();
        Self {
            all: String::new(),
            units: units.map(|(unit, sums)| (unit, (String::new(), sums))).collect(),
            cohorts: [(String::new(), (String::new(), persons))].into(),
        }
    }

    /// The sum of its parts.
    fn sum(self) -> Aggregates {
        let persons = self.cohorts.into_values().flat_map(|(_, persons)| persons).collect();
        Aggregates {
            units: self.units.into_iter().map(|(unit, (_, sums))| (unit, sums)).collect(),
            cohorts: [(NO_COHORT, persons)].into(),
            unclassified: false,
        }
    }
}
