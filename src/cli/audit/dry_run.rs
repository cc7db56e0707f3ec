//! What `khlang audit run` would do: cases that it would open, raise, let grow or
//! clear, and the money that they would hold. Nothing is written.

use serde::Serialize;

use crate::audit::hold_share::{ShareChange, held_with};
use crate::audit::nightly::share_of;
use crate::audit::plan::{Change, Evidence};
use crate::audit::run::{CasePlace, FoundByRules, Planned};
use crate::audit::view::{held_of, item_money};
use crate::audit::{AuditFinding, Case, CaseSeverity, RowKey, RuleRunner};
use crate::config::AuditHolding;
use crate::money::Satang;
use crate::money::holds::WHOLE;
use crate::money::result::Allocation;
use crate::store::AuditFact;

/// A case that would be opened.
#[derive(Serialize)]
pub(super) struct WouldOpen {
    pub(super) rule: String,
    pub(super) tranche: String,
    pub(super) unit: String,
    pub(super) item: String,
    pub(super) severity: CaseSeverity,
    pub(super) numerator: u64,
    pub(super) denominator: u64,
    /// The case that would hold money from now on; none for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) raises: Option<i64>,
    /// What would be held; none for a warning.
    pub(super) held: Option<Satang>,
}

/// An open case that would get rows, or lose some.
#[derive(Serialize)]
pub(super) struct WouldGrow {
    pub(super) case: i64,
    pub(super) rule: String,
    pub(super) tranche: String,
    pub(super) unit: String,
    /// Rows that would join it.
    pub(super) rows: u64,
    /// Rows of it that were taken back.
    pub(super) gone: u64,
    /// Rows, or the numerator of a rate, with them.
    pub(super) numerator: u64,
    pub(super) denominator: u64,
    /// What it would hold from now on; none for a warning.
    pub(super) held: Option<Satang>,
    /// What it would hold once the unit is told of what joined; none when that
    /// is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) held_once_told: Option<Satang>,
}

/// What would become of the cases.
#[derive(Default)]
pub(super) struct WouldBe {
    pub(super) opened: Vec<WouldOpen>,
    pub(super) grown: Vec<WouldGrow>,
    pub(super) cleared: Vec<i64>,
}

/// What was found, beside the cases that there are.
pub(super) struct DryRun<'a> {
    /// The rules over the store.
    pub(super) session: &'a RuleRunner<'a>,
    /// What they found.
    pub(super) found: &'a FoundByRules,
    /// The cases of the round with their rows.
    pub(super) cases: &'a [(Case, Vec<AuditFact>)],
    /// What was earned, when it can be counted.
    pub(super) allocation: Option<&'a Allocation>,
}

impl DryRun<'_> {
    /// What would become of the cases.
    pub(super) fn would_be(&self, planned: Vec<Planned>) -> anyhow::Result<WouldBe> {
        let mut would_be = WouldBe::default();
        for Planned { place, change } in planned {
            let finding = self.found.findings.get(&place);
            match (change, finding) {
                (Change::Cleared { case }, _) => would_be.cleared.push(case),
                (Change::Open { severity, standing, .. }, Some(finding)) => {
                    let all = standing.len() as u64;
                    let numerator = if all == 0 { finding.numerator } else { all };
                    let of = (severity, numerator, None);
                    would_be.opened.push(self.opened(&place, finding, of, &standing)?);
                }
                (Change::Evidence(evidence), Some(finding)) if evidence.raised => {
                    let of = (CaseSeverity::Hold, evidence.numerator, Some(evidence.case));
                    would_be.opened.push(self.opened(&place, finding, of, &evidence.standing)?);
                }
                (Change::Evidence(evidence), Some(finding)) => {
                    would_be.grown.extend(self.grown(&place, finding, &evidence)?);
                }
                (_, None) => {}
            }
        }
        Ok(would_be)
    }

    fn opened(
        &self,
        place: &CasePlace,
        finding: &AuditFinding,
        (severity, numerator, raises): (CaseSeverity, u64, Option<i64>),
        rows: &[RowKey],
    ) -> anyhow::Result<WouldOpen> {
        let (rule, tranche, unit) = place.clone();
        let held = match severity {
            CaseSeverity::Hold => self.held(place, self.share(place, finding, rows)?),
            CaseSeverity::Warn => None,
        };
        let (item, denominator) = (self.item(place), finding.denominator);
        Ok(WouldOpen { rule, tranche, unit, item, severity, numerator, denominator, raises, held })
    }

    fn grown(
        &self,
        place: &CasePlace,
        finding: &AuditFinding,
        evidence: &Evidence,
    ) -> anyhow::Result<Option<WouldGrow>> {
        let known = self.cases.iter().find(|(case, _)| case.opened.id == evidence.case);
        let Some((case, _)) = known else { return Ok(None) };
        let (mut held, mut held_once_told) = (None, None);
        if case.severity() == CaseSeverity::Hold {
            let before = case.in_force().map(|hold| hold.share).max().unwrap_or(0);
            let share = self.share(place, finding, &evidence.standing)?;
            match held_with(case, false, share) {
                ShareChange::AsBefore => held = self.held(place, before),
                ShareChange::FromNow(share) => held = self.held(place, share),
                ShareChange::FromLetter(share) => {
                    (held, held_once_told) = (self.held(place, before), self.held(place, share));
                }
            }
        }
        let (rule, tranche, unit) = place.clone();
        Ok(Some(WouldGrow {
            case: evidence.case,
            rule,
            tranche,
            unit,
            rows: evidence.joined,
            gone: evidence.gone,
            numerator: evidence.numerator,
            denominator: finding.denominator,
            held,
            held_once_told,
        }))
    }

    /// The share of the item's money that rows come to.
    fn share(
        &self,
        place: &CasePlace,
        finding: &AuditFinding,
        rows: &[RowKey],
    ) -> anyhow::Result<u32> {
        if self.session.basis.environment.config.audit.hold == AuditHolding::File {
            return Ok(WHOLE);
        }
        let facts: Vec<AuditFact> = rows.iter().map(|key| key.fact(0)).collect();
        let counted = (rows.len() as u64, finding.denominator);
        Ok(share_of(self.session, place, &facts, counted)?)
    }

    /// What a share of the item's money is; none when it cannot be counted.
    fn held(&self, place: &CasePlace, share: u32) -> Option<Satang> {
        let (_, tranche, unit) = place;
        let item = self.item(place);
        let amounts = item_money(self.allocation?, self.session.basis.book, (unit, tranche, &item));
        amounts.map(|amounts| held_of(&amounts, share))
    }

    fn item(&self, (rule, ..): &CasePlace) -> String {
        self.session.basis.library.get(rule).map_or_else(String::new, |rule| rule.item.clone())
    }
}
