//! What the rules find in a tranche: by unit, with how bad it is.

use std::collections::BTreeSet;

use serde::Serialize;

use super::AuditError;
use super::kept::FoundAtUnit;
use super::rates::{Judged, Peers, Rate, judge};
use super::rows::{RowKey, UnitRows};
use super::rule::{AuditRule, CaseSeverity, CountedBy, RuleKind};
use super::runner::RuleRunner;
use crate::score::rulebook::RulePeriod;
use crate::text::{Bilingual, message};

/// What a rule found at a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// The unit.
    pub hcode: String,
    /// Suspicious rows; none of a rate.
    pub rows: UnitRows,
    /// Rows, or the numerator of a rate.
    pub numerator: u64,
    /// All rows, or the denominator of a rate.
    pub denominator: u64,
    /// How bad it is, if it is.
    pub severity: Option<CaseSeverity>,
    /// The peers of a rate.
    pub peers: Option<Peers>,
}

/// What could not be judged, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplicable {
    /// The rule.
    pub rule: String,
    /// The tranche.
    pub tranche: String,
    /// The unit; `*` for all.
    pub unit: String,
    /// Why.
    #[serde(flatten)]
    pub why: Bilingual,
}

/// How many rows, or groups of them, a rule counts.
pub fn counted<'r>(rule: &AuditRule, rows: impl Iterator<Item = &'r RowKey>) -> u64 {
    match rule.counts {
        CountedBy::Rows => rows.count() as u64,
        CountedBy::Groups => rows.map(|row| row.group).collect::<BTreeSet<_>>().len() as u64,
    }
}

impl RuleRunner<'_> {
    /// What a rule finds in a tranche, by unit; units of which it finds nothing
    /// are left out.
    ///
    /// # Errors
    /// Errors of the database, a query that runs longer than `limits.kpi_ms`, and one
    /// that does not give what its rule shows.
    pub fn find(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        not_applicable: &mut Vec<NotApplicable>,
    ) -> Result<Vec<AuditFinding>, AuditError> {
        match rule.kind {
            RuleKind::Rows => {
                let mut found = self.found(rule, tranche)?;
                // Of nothing any row is as many percent as one likes.
                found.retain(|hcode, found| {
                    if found.of == 0 && !found.rows.is_empty() {
                        not_applicable.push(why_not(
                            rule,
                            tranche,
                            hcode,
                            "audit.nothing_to_count",
                        ));
                    }
                    found.of > 0
                });
                let of_unit = |(hcode, found): (String, FoundAtUnit)| {
                    let (rows, denominator) = (found.rows, found.of);
                    let numerator = rows.len() as u64;
                    let severity = rule.judge(counted(rule, rows.keys()), numerator, denominator);
                    AuditFinding { hcode, rows, numerator, denominator, severity, peers: None }
                };
                Ok(found.into_iter().map(of_unit).collect())
            }
            RuleKind::Rate => self.find_rates(rule, tranche, not_applicable),
        }
    }

    fn find_rates(
        &mut self,
        rule: &AuditRule,
        tranche: &RulePeriod,
        not_applicable: &mut Vec<NotApplicable>,
    ) -> Result<Vec<AuditFinding>, AuditError> {
        let found = self.found(rule, tranche)?;
        let rates: Vec<Rate> = found.into_values().flat_map(|found| found.rates).collect();
        let mut why_not = |unit: &str, why: &str| {
            not_applicable.push(why_not(rule, tranche, unit, why));
        };
        if rates.is_empty() {
            why_not("*", "audit.nothing_to_compare");
        }
        let units = &self.basis.environment.units;
        let kind = |hcode: &str| {
            units.by_code.get(hcode).map_or_else(String::new, |unit| unit.kind.clone())
        };
        let mut findings: Vec<AuditFinding> = Vec::new();
        for judged in judge(rule, &rates, &self.classes()?, &kind) {
            if judged.alone {
                why_not(&judged.rate.hcode, "audit.too_few_peers");
            }
            let finding = of_rate(judged);
            match findings.last_mut().filter(|last| last.hcode == finding.hcode) {
                // Of several rates of a unit the worst one stands for it.
                Some(last) if finding.severity > last.severity => *last = finding,
                Some(_) => {}
                None => findings.push(finding),
            }
        }
        findings.retain(|finding| finding.severity.is_some());
        Ok(findings)
    }
}

fn why_not(rule: &AuditRule, tranche: &RulePeriod, unit: &str, why: &str) -> NotApplicable {
    NotApplicable {
        rule: rule.id.clone(),
        tranche: tranche.number.to_string(),
        unit: unit.to_owned(),
        why: message(why),
    }
}

fn of_rate(judged: Judged) -> AuditFinding {
    AuditFinding {
        hcode: judged.rate.hcode,
        rows: UnitRows::default(),
        numerator: judged.rate.numerator,
        denominator: judged.rate.denominator,
        severity: judged.severity,
        peers: judged.peers,
    }
}
