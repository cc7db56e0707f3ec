//! Rules that look at one person wherever the person is known
//! (`-- alone: person`), after one more archive.
//!
//! What is kept of them is kept by cohorts: persons whom the same units know, as
//! for KPIs. It holds as long as the cohort has the same members and the rows of
//! its units are the same. What no longer holds is counted through a filter
//! before the store that shows those persons alone, of all such rules together,
//! so that the filter and the blocks are made once.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::AuditError;
use super::kept::{
    FoundAtUnit, FoundByUnit, KeptPersons, KeptRule, KeptUnit, PersonsAhead, RuleRequest, is_few,
};
use super::rows::{ByUnit, CohortCollector, KeptRows};
use super::rule::AuditRule;
use super::runner::{RuleRunner, borrowed};
use crate::files::digest;
use crate::kpi::{Cohort, Cohorts, KNOWN, NO_COHORT};
use crate::score::rulebook::RulePeriod;
use crate::store::{ChangeTokens, PartialResults, Result, RowFilter, Tables};

/// What a rule finds, by cohort and unit.
type FoundByCohort = BTreeMap<u32, ByUnit>;

/// Up to this number of persons may be counted anew in any case.
const FEW_PERSONS: usize = 1000;

/// What is to be counted anew of a rule and tranche.
struct StaleRule<'r> {
    rule: &'r AuditRule,
    tranche: &'r RulePeriod,
    request: RuleRequest,
    known: Option<KeptRule>,
    /// The token of each cohort.
    tokens: Vec<String>,
    stale: BTreeSet<u32>,
}

impl RuleRequest {
    /// The token of each cohort.
    fn cohort_tokens(&self, tokens: &ChangeTokens, cohorts: &Cohorts) -> Vec<String> {
        let mut of_unit: BTreeMap<&str, String> = BTreeMap::new();
        let each = cohorts.list.iter().map(|cohort| {
            let mut parts = vec![cohort.members.clone()];
            for unit in &cohort.units {
                let token = of_unit.entry(unit).or_insert_with(|| self.unit_token(tokens, unit));
                parts.push(token.clone());
            }
            digest(&[&parts.join("/")])
        });
        each.collect()
    }
}

impl RuleRunner<'_> {
    /// Counts what no longer holds of rules that go by persons, so that each need
    /// only be asked for it.
    pub(super) fn persons_ahead(
        &mut self,
        jobs: &[(&AuditRule, &RulePeriod)],
    ) -> std::result::Result<(), AuditError> {
        let (Some(kept), Some(tokens)) = (self.basis.kept, self.seen.tokens.clone()) else {
            return Ok(());
        };
        let mut asked = Vec::new();
        for (rule, tranche) in jobs.iter().filter(|(rule, _)| rule.query.by_person) {
            let of = |cause| AuditError::from_store(rule, cause);
            let (request, known) = self.asked(rule, tranche, kept, &tokens).map_err(of)?;
            let units = self.units(&tokens, known.as_ref());
            let all = request.all_token(&tokens, &units);
            if known.as_ref().is_none_or(|known| known.all != all) {
                let (tokens, stale) = (Vec::new(), BTreeSet::new());
                asked.push(StaleRule { rule, tranche, request, known, tokens, stale });
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let cohorts = self.cohorts()?;
        let mut together = BTreeSet::new();
        for one in &mut asked {
            one.tokens = one.request.cohort_tokens(&tokens, &cohorts);
            let known = one.known.as_ref().and_then(|known| known.persons.as_ref());
            for (at, (cohort, token)) in (0_u32..).zip(cohorts.list.iter().zip(&one.tokens)) {
                let kept = known.and_then(|known| known.get(&cohort.name()));
                if kept.map(|(kept, _)| kept) != Some(token) {
                    one.stale.insert(at);
                }
            }
            if is_part(&one.stale, &cohorts) {
                together.extend(&one.stale);
            }
        }
        let (some, all): (Vec<_>, Vec<_>) = asked.into_iter().partition(|one| {
            let known = one.known.as_ref().is_some_and(|known| known.persons.is_some());
            known && is_part(&one.stale, &cohorts) && is_part(&together, &cohorts)
        });
        for one in all {
            self.see_all()?;
            self.count_ahead(one, &cohorts, false)?;
        }
        if !some.is_empty() {
            self.see_persons(&together, &cohorts)?;
        }
        for one in some {
            self.count_ahead(one, &cohorts, true)?;
        }
        Ok(())
    }

    /// Who is known where.
    fn cohorts(&mut self) -> Result<Rc<Cohorts>> {
        if let Some(cohorts) = &self.seen.cohorts {
            return Ok(Rc::clone(cohorts));
        }
        self.see_all()?;
        let begun = std::time::Instant::now();
        let cohorts = Rc::new(Cohorts::read(self.basis.reader)?);
        log::debug!("audit: cohorts of persons: {} ms", begun.elapsed().as_millis());
        self.seen.cohorts = Some(Rc::clone(&cohorts));
        Ok(cohorts)
    }

    /// Counts the rows of a rule of what is seen, and puts those of stale cohorts
    /// in their places.
    fn count_ahead(
        &mut self,
        one: StaleRule<'_>,
        cohorts: &Cohorts,
        some: bool,
    ) -> std::result::Result<(), AuditError> {
        let StaleRule { rule, tranche, request, mut known, tokens, stale } = one;
        self.allow()?;
        if !some {
            self.seen.in_full.insert((rule.id.clone(), tranche.number.to_string()));
        }
        let wanted = |cohort: u32| !some || cohort == NO_COHORT || stale.contains(&cohort);
        let mut counted = self.rows_by_cohort(rule, tranche, |person| {
            let cohort = person.map_or(NO_COHORT, |person| cohorts.cohort_of(person));
            wanted(cohort).then_some(cohort)
        })?;
        let mut persons = known.as_mut().and_then(|known| known.persons.take());
        if counted.contains_key(&NO_COHORT) {
            persons = None;
        } else {
            let mut renewed = if some { persons.unwrap_or_default() } else { KeptPersons::new() };
            for (at, (cohort, token)) in (0_u32..).zip(cohorts.list.iter().zip(tokens)) {
                if some && !stale.contains(&at) {
                    continue;
                }
                let rows = counted.remove(&at).unwrap_or_default();
                let rows = rows.iter().map(|(unit, rows)| (unit.clone(), KeptRows::new(rows)));
                renewed.insert(cohort.name(), (token, rows.collect()));
            }
            // Cohorts that nobody is in any more are gone.
            let there: BTreeSet<String> = cohorts.list.iter().map(Cohort::name).collect();
            renewed.retain(|name, _| there.contains(name));
            persons = Some(renewed);
        }
        let place = (rule.id.clone(), tranche.number);
        self.seen.ahead.insert(place, PersonsAhead { request, known, persons });
        Ok(())
    }

    fn rows_by_cohort(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        cohort: impl Fn(Option<i64>) -> Option<u32>,
    ) -> std::result::Result<FoundByCohort, AuditError> {
        let of = |cause| AuditError::from_store(rule, cause);
        let values = self.values(rule, tranche);
        self.rest(&rule.query, &values).map_err(of)?;
        let (columns, _) = self.basis.reader.shape(&rule.query.text).map_err(of)?;
        let most = self.basis.environment.config.limits.audit_rows;
        let mut found = CohortCollector::new(&columns, most).map_err(of)?;
        let begun = std::time::Instant::now();
        self.basis
            .reader
            .each_line(&rule.query.text, &borrowed(&values), |line| found.take(line, &cohort))
            .map_err(of)?;
        log::debug!("audit {} {}: {} ms", rule.id, tranche.number, begun.elapsed().as_millis());
        Ok(found.finish())
    }

    /// What a rule that goes by persons finds in a tranche, by unit.
    pub(super) fn found_by_person(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        kept: &PartialResults,
        tokens: &ChangeTokens,
    ) -> std::result::Result<FoundByUnit, AuditError> {
        let of = |cause| AuditError::from_store(rule, cause);
        let most = self.basis.environment.config.limits.audit_rows;
        let place = (rule.id.clone(), tranche.number);
        if !self.seen.ahead.contains_key(&place) {
            self.persons_ahead(&[(rule, tranche)])?;
        }
        let Some(PersonsAhead { request, known, persons }) = self.seen.ahead.remove(&place) else {
            // Nothing has changed.
            let (_, known) = self.asked(rule, tranche, kept, tokens).map_err(of)?;
            return known.map_or_else(|| self.count(rule, tranche), |known| Ok(known.found(most)));
        };
        let mut units = self.units(tokens, known.as_ref());
        let Some(persons) = persons else {
            let found = self.count(rule, tranche)?;
            let kept_units = found.iter();
            let kept_units = kept_units
                .map(|(unit, found)| (unit.clone(), (String::new(), KeptUnit::new(found))))
                .collect();
            let mut renewed = KeptRule { units: kept_units, ..KeptRule::default() };
            units.extend(found.keys().cloned());
            renewed.all = request.all_token(tokens, &units);
            request.keep(kept, &renewed);
            return Ok(found);
        };
        units.extend(persons.values().flat_map(|(_, units)| units.keys().cloned()));
        let mut renewed = known.unwrap_or_default();
        let holds = |unit: &&String| {
            let token = renewed.units.get(*unit).map(|(token, _)| token);
            token != Some(&request.unit_token(tokens, unit))
        };
        let stale: BTreeSet<String> = units.iter().filter(holds).cloned().collect();
        if stale.is_empty() {
            // Nothing to count.
        } else if is_few(stale.len(), units.len()) {
            self.see(&stale).map_err(of)?;
        } else {
            self.see_all().map_err(of)?;
        }
        for unit in stale {
            let of = self.denominator(rule, tranche, &unit)?;
            let token = request.unit_token(tokens, &unit);
            let counted = FoundAtUnit { of, ..FoundAtUnit::default() };
            renewed.units.insert(unit, (token, KeptUnit::new(&counted)));
        }
        renewed.all = request.all_token(tokens, &units);
        renewed.persons = Some(persons);
        request.keep(kept, &renewed);
        Ok(renewed.found(most))
    }

    /// Sees some cohorts of persons, wherever they are known, and nobody else.
    fn see_persons(&mut self, wanted: &BTreeSet<u32>, cohorts: &Cohorts) -> Result<()> {
        let begun = std::time::Instant::now();
        self.see_all()?;
        self.forget_blocks()?;
        let tables =
            self.seen.tables.get_or_insert_with(|| Tables::new(&self.basis.environment.catalog));
        let wanted: Vec<u32> = wanted.iter().copied().collect();
        let persons = cohorts.members(&wanted);
        let units = wanted.iter().flat_map(|at| &cohorts.list[*at as usize].units);
        let units: BTreeSet<String> = units.cloned().collect();
        let partly: Vec<String> = units.into_iter().collect();
        let filter = RowFilter { whole: &[], partly: &partly, persons: &persons, known: KNOWN };
        self.basis.reader.set_row_filter(tables, &filter)?;
        self.seen.by_person = true;
        let (persons, units) = (persons.len(), partly.len());
        let took = begun.elapsed().as_millis();
        log::debug!("audit: restricted to {persons} persons at {units} units: {took} ms");
        Ok(())
    }
}

/// Whether so many persons are to be counted anew that a filter is less work.
fn is_part(stale: &BTreeSet<u32>, cohorts: &Cohorts) -> bool {
    let persons = stale.iter().map(|at| cohorts.list[*at as usize].size).sum();
    persons <= FEW_PERSONS || is_few(persons, cohorts.persons())
}
