//! What rules find after one more archive: what is kept of an earlier run is
//! taken as far as it still holds, and only units whose rows have changed are
//! judged anew, with a filter before the store ([`RowFilter`]) through which the
//! same query sees those units alone.
//!
//! A query says in its head (`-- alone: unit`) that what it says of a unit rests
//! on that unit's rows; then it holds as long as the change tokens of these
//! rows. One that goes by persons (`-- alone: person`) is kept by cohorts of them
//! (`by_person`). The others are judged anew as soon as any row has changed that they read.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::AuditError;
use super::kept::{FoundAtUnit, FoundByUnit, KeptRule, KeptUnit, RuleRequest, is_few};
use super::library::is_record;
use super::rule::{AuditRule, RuleKind};
use super::runner::{AuditInput, RuleRunner};
use crate::files::digest;
use crate::money::result::months;
use crate::score::rulebook::RulePeriod;
use crate::store::{ChangeTokens, PartialResults, Result, RowFilter, Tables};

/// Whom a filter over whole units need not know.
const NOBODY: &str = "SELECT NULL AS hcode, NULL AS pid, NULL AS person WHERE 0";

impl RuleRunner<'_> {
    /// Takes what is kept of earlier runs, as long as all that is stored is
    /// looked at.
    pub(super) fn take_kept(&mut self) -> Result<()> {
        let reader = self.basis.reader;
        let present = self.basis.as_of.submission == reader.last_submission()?;
        if self.basis.kept.is_some() && present && reader.is_held() {
            self.seen.tokens = reader.change_tokens()?.map(Rc::new);
        }
        Ok(())
    }

    /// What a rule finds in a tranche, by unit.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn found(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<FoundByUnit, AuditError> {
        let of = |cause| AuditError::from_store(rule, cause);
        let (Some(kept), Some(tokens)) = (self.basis.kept, self.seen.tokens.clone()) else {
            return self.count(rule, tranche);
        };
        if rule.query.by_person {
            return self.found_by_person(rule, tranche, kept, &tokens);
        }
        let most = self.basis.environment.config.limits.audit_rows;
        let (request, known) = self.asked(rule, tranche, kept, &tokens).map_err(of)?;
        let units = self.units(&tokens, known.as_ref());
        let all = request.all_token(&tokens, &units);
        if let Some(known) = known.as_ref().filter(|known| known.all == all) {
            return Ok(known.found(most));
        }
        let known = known.filter(|_| rule.query.alone);
        let stale: BTreeSet<String> = match &known {
            Some(known) => {
                let holds = |unit: &&String| {
                    let token = known.units.get(*unit).map(|(token, _)| token);
                    token != Some(&request.unit_token(&tokens, unit))
                };
                units.iter().filter(holds).cloned().collect()
            }
            None => units.clone(),
        };
        let some = known.is_some() && is_few(stale.len(), units.len());
        let (mut known, renewed) = match known {
            Some(known) if some => {
                self.see(&stale).map_err(of)?;
                (known, stale)
            }
            _ => {
                self.see_all().map_err(of)?;
                (KeptRule::default(), units)
            }
        };
        let mut counted = self.count_seen(rule, tranche)?;
        if !some {
            // Rows of units of which there is no token are never kept.
            known.units.extend(
                counted
                    .keys()
                    .filter(|unit| !renewed.contains(*unit))
                    .map(|unit| (unit.clone(), (String::new(), KeptUnit::new(&counted[unit]))))
                    .collect::<Vec<_>>(),
            );
        }
        for unit in renewed {
            let found = counted.remove(&unit).unwrap_or_default();
            let token = request.unit_token(&tokens, &unit);
            known.units.insert(unit, (token, KeptUnit::new(&found)));
        }
        known.all = all;
        request.keep(kept, &known);
        Ok(known.found(most))
    }

    /// What is asked of a rule, and what is kept of it.
    pub(super) fn asked(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        kept: &PartialResults,
        tokens: &ChangeTokens,
    ) -> Result<(RuleRequest, Option<KeptRule>)> {
        let request = self.request(rule, tranche, tokens)?;
        let bytes = kept.get(&request.name, &request.fingerprint);
        let known = bytes.and_then(|bytes| serde_json::from_slice::<KeptRule>(&bytes).ok());
        Ok((request, known))
    }

    /// Every unit of which something may be found, or was.
    pub(super) fn units(
        &self,
        tokens: &ChangeTokens,
        known: Option<&KeptRule>,
    ) -> BTreeSet<String> {
        let mut units: BTreeSet<String> = tokens.units().map(str::to_owned).collect();
        units.extend(self.basis.environment.units.by_code.keys().cloned());
        units.extend(known.into_iter().flat_map(|known| known.units.keys().cloned()));
        units
    }

    fn request(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        tokens: &ChangeTokens,
    ) -> Result<RuleRequest> {
        let AuditInput { environment, .. } = self.basis;
        let words: BTreeSet<String> =
            rule.query.words().iter().map(|word| word.to_ascii_uppercase()).collect();
        let reads = |name: &String| {
            let by_denominator = rule.denominator.iter().any(|of| is_record(of) && of == name);
            by_denominator || words.contains(name) || words.contains(&format!("T_{name}"))
        };
        let records = environment.catalog.records.iter().map(|record| &record.name);
        let records = records.filter(|name| reads(name)).cloned().collect();
        let registry = ["REGISTRY", "REGISTRY_HEADS", "REGISTRY_PERSON"];
        let registry = registry.iter().any(|word| words.contains(*word));
        let registry = if registry { tokens.token_of_store("registry") } else { "" };
        // What is kept is of the present state, whatever its number.
        let mut values = self.values(rule, tranche);
        values.retain(|(name, _)| name != ":as_of");
        let most = environment.config.limits.audit_rows;
        let fingerprint = digest(&[
            registry,
            &tokens.schema_token(),
            &rule.version,
            &format!("{values:?} {most}"),
        ]);
        let points = if rule.query.all_tables().iter().any(|table| table == "points") {
            self.point_marks(tranche)?
        } else {
            BTreeMap::new()
        };
        let round = self.basis.book.round;
        let name = format!("audit {} {round} {}", rule.id, tranche.number);
        Ok(RuleRequest { records, points, name, fingerprint })
    }

    /// What of the points a rule may take, by unit.
    fn point_marks(&mut self, tranche: &RulePeriod) -> Result<BTreeMap<String, String>> {
        if self.points.is_none() {
            self.see_all()?;
        }
        let points = self.points()?;
        let months = months(tranche.from, tranche.to);
        let mark = |unit: &str, items: &mut dyn Iterator<Item = &String>| {
            let rows =
                items.map(|item| format!("{item} {}", points.sum(unit, item, Some(&months)).rows));
            rows.collect::<Vec<_>>().join(" ")
        };
        let units = points.units.iter();
        Ok(units.map(|(unit, items)| (unit.clone(), mark(unit, &mut items.keys()))).collect())
    }

    /// Counts all of it.
    pub(super) fn count(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<FoundByUnit, AuditError> {
        self.see_all().map_err(|cause| AuditError::from_store(rule, cause))?;
        self.count_seen(rule, tranche)
    }

    fn count_seen(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
    ) -> std::result::Result<FoundByUnit, AuditError> {
        if self.seen.units.is_none() {
            self.seen.in_full.insert((rule.id.clone(), tranche.number.to_string()));
        }
        let mut found = FoundByUnit::new();
        match rule.kind {
            RuleKind::Rows => {
                for (hcode, rows) in self.rows(rule, tranche)? {
                    let of = self.denominator(rule, tranche, &hcode)?;
                    found.insert(hcode, FoundAtUnit { rows, of, rates: Vec::new() });
                }
            }
            RuleKind::Rate => {
                for rate in self.rates(rule, tranche)? {
                    found.entry(rate.hcode.clone()).or_default().rates.push(rate);
                }
            }
        }
        Ok(found)
    }

    /// Sees the whole store.
    pub(super) fn see_all(&mut self) -> Result<()> {
        let by_person = std::mem::take(&mut self.seen.by_person);
        if self.seen.units.take().is_some() || by_person {
            self.forget_blocks()?;
            if let Some(tables) = &self.seen.tables {
                self.basis.reader.clear_row_filter(tables)?;
            }
        }
        Ok(())
    }

    /// Sees at least these units, and no others where that is less work.
    pub(super) fn see(&mut self, units: &BTreeSet<String>) -> Result<()> {
        let mut wanted = units.clone();
        if let Some(seen) = &self.seen.units {
            if units.is_subset(seen) {
                return Ok(());
            }
            wanted.extend(seen.iter().cloned());
        }
        self.see_all()?;
        self.forget_blocks()?;
        let tables =
            self.seen.tables.get_or_insert_with(|| Tables::new(&self.basis.environment.catalog));
        let whole: Vec<String> = wanted.iter().cloned().collect();
        let filter = RowFilter { whole: &whole, partly: &[], persons: &[], known: NOBODY };
        self.basis.reader.set_row_filter(tables, &filter)?;
        log::debug!("audit: restricted to {} units", whole.len());
        self.seen.units = Some(wanted);
        Ok(())
    }
}
