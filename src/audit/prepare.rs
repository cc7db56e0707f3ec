//! What becomes of the cases, worked out before the writer's turn: cases are read
//! place by place and let go of again, so that neither their rows lie in memory
//! together nor anybody waits for them. In the turn only is written; when a case
//! has changed in between, it is worked out there anew.

use std::collections::{BTreeMap, BTreeSet};

use super::AuditError;
use super::case::{Case, places};
use super::plan::{Change, Evidence, KnownCase, change};
use super::rows::RowKey;
use super::rule::CaseSeverity;
use super::runner::RuleRunner;
use super::scope::{CasePlace, FoundByRules, RunScope};
use super::steps::CaseState;
use crate::config::AuditHolding;
use crate::store::{AuditCase, AuditFact, AuditTurn, Reader, Result};

/// Tells the suspicious share of a case's money, in hundredths of a percent.
pub type Share<'f> =
    dyn FnMut(&CasePlace, &[AuditFact]) -> std::result::Result<u32, AuditError> + 'f;

/// A case as it would be opened or changed.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Place of the case.
    pub place: CasePlace,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of what a rule found at a unit in a tranche, with its cases.
fn change_at(
    session: &RuleRunner<'_>,
    found: &FoundByRules,
    place: &CasePlace,
    cases: &[(Case, Vec<AuditFact>)],
) -> Option<Change> {
    let rule = session.basis.library.get(&place.0)?;
    let finding = found.findings.get(place);
    if finding.is_none() && found.could_not_judge(place) {
        return None;
    }
    let cases: Vec<KnownCase> = cases.iter().map(|(case, facts)| known(case, facts)).collect();
    change(rule, finding, &cases)
}

fn known(case: &Case, facts: &[AuditFact]) -> KnownCase {
    KnownCase {
        id: case.opened.id,
        resolved: case.state() == CaseState::Resolved,
        severity: case.severity(),
        places: places(facts),
        counted: case.counted().0,
        still: facts.iter().filter(|fact| !fact.gone).count() as u64 + case.cut(),
        all_gone: facts.iter().all(|fact| fact.gone),
        cut_until: (case.cut() > 0).then(|| case.seen_until()),
        cleared: case.cleared(),
    }
}

/// Where cases are read.
pub trait CaseSource {
    /// Cases of a round.
    ///
    /// # Errors
    /// Errors of the database.
    fn cases(&self, round: i64) -> Result<Vec<AuditCase>>;
    /// A case and the rows that are kept of it.
    ///
    /// # Errors
    /// Errors of the database.
    fn case(&self, opened: AuditCase) -> Result<(Case, Vec<AuditFact>)>;
    /// Differs once a step was taken, or a submission or a row was taken back.
    ///
    /// # Errors
    /// Errors of the database.
    fn mark(&self) -> Result<(i64, i64)>;
}

impl CaseSource for Reader {
    fn cases(&self, round: i64) -> Result<Vec<AuditCase>> {
        self.audit_cases(Some(round), i64::MAX)
    }

    fn case(&self, opened: AuditCase) -> Result<(Case, Vec<AuditFact>)> {
        let facts = self.audit_facts(opened.id, i64::MAX)?;
        Ok((Case::read(self, opened, i64::MAX)?, facts))
    }

    fn mark(&self) -> Result<(i64, i64)> {
        self.audit_mark()
    }
}

impl CaseSource for AuditTurn<'_> {
    fn cases(&self, round: i64) -> Result<Vec<AuditCase>> {
        self.cases(round)
    }

    fn case(&self, opened: AuditCase) -> Result<(Case, Vec<AuditFact>)> {
        let facts = self.facts(opened.id)?;
        Ok((Case::read_in(self, opened)?, facts))
    }

    fn mark(&self) -> Result<(i64, i64)> {
        self.mark()
    }
}

/// What becomes of the cases.
pub struct Prepared {
    /// Of which state.
    mark: (i64, i64),
    /// The cases that change, without their rows.
    pub cases: Vec<(Case, Vec<AuditFact>)>,
    /// What becomes of them, and which are opened.
    pub planned: Vec<Planned>,
    /// The share of the money that is held, in hundredths of a percent, by place:
    /// of the rows that it was worked out for.
    shares: BTreeMap<CasePlace, (Vec<RowKey>, u32)>,
}

impl Prepared {
    /// Works out what becomes of what was found.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn read(
        source: &impl CaseSource,
        session: &RuleRunner<'_>,
        found: &FoundByRules,
        scope: &RunScope,
    ) -> std::result::Result<Self, AuditError> {
        let mark = source.mark()?;
        let mut of: BTreeMap<CasePlace, Vec<AuditCase>> = BTreeMap::new();
        for opened in source.cases(i64::from(session.basis.book.round))? {
            let ran = found.ran.contains(&(opened.rule.clone(), opened.tranche.clone()));
            if ran && scope.unit.as_ref().is_none_or(|unit| *unit == opened.hcode) {
                let place = (opened.rule.clone(), opened.tranche.clone(), opened.hcode.clone());
                of.entry(place).or_default().push(opened);
            }
        }
        let all: BTreeSet<CasePlace> =
            found.findings.keys().cloned().chain(of.keys().cloned()).collect();
        let mut prepared =
            Self { mark, cases: Vec::new(), planned: Vec::new(), shares: <_>::default() };
        for place in all {
            let opened = of.remove(&place).unwrap_or_default();
            let cases = opened.into_iter().map(|opened| source.case(opened));
            let cases: Vec<(Case, Vec<AuditFact>)> = cases.collect::<Result<_>>()?;
            let Some(change) = change_at(session, found, &place, &cases) else { continue };
            let changed =
                cases.into_iter().find(|(case, _)| Some(case.opened.id) == case_of(&change));
            prepared.cases.extend(changed.map(|(case, _)| (case, Vec::new())));
            prepared.planned.push(Planned { place, change });
        }
        Ok(prepared)
    }

    /// Works out what is held, where that is not the whole file.
    ///
    /// # Errors
    /// Those of computing a share.
    pub fn with_shares(
        mut self,
        holding: AuditHolding,
        share: &mut Share<'_>,
    ) -> std::result::Result<Self, AuditError> {
        if holding == AuditHolding::Rows {
            for Planned { place: at, change } in &self.planned {
                let Some(standing) = held_rows(change) else { continue };
                let facts: Vec<AuditFact> = standing.iter().map(|key| key.fact(0)).collect();
                let share = share(at, &facts)?;
                self.shares.insert(at.clone(), (standing.to_vec(), share));
            }
        }
        Ok(self)
    }

    /// Whether it is of the state that the writer finds.
    ///
    /// # Errors
    /// Errors of the database within the turn.
    pub fn holds(&self, turn: &AuditTurn<'_>) -> Result<bool> {
        Ok(self.mark == turn.mark()?)
    }

    /// The shares that were worked out.
    pub(super) fn take_shares(&mut self) -> BTreeMap<CasePlace, (Vec<RowKey>, u32)> {
        std::mem::take(&mut self.shares)
    }
}

/// The rows by which money is held from now on.
fn held_rows(change: &Change) -> Option<&[RowKey]> {
    match change {
        Change::Open { severity: CaseSeverity::Hold, standing, .. }
        | Change::Evidence(Evidence { standing, .. }) => Some(standing),
        Change::Open { .. } | Change::Cleared { .. } => None,
    }
}

fn case_of(change: &Change) -> Option<i64> {
    match change {
        Change::Open { .. } => None,
        Change::Evidence(Evidence { case, .. }) | Change::Cleared { case } => Some(*case),
    }
}
