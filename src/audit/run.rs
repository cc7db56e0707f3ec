//! A run of the rules: what they find now, and what becomes of the cases.
//!
//! Finding reads one state of the store and holds nobody up; what becomes of the
//! cases is prepared before the writer's turn, in which it is only written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::AuditError;
use super::case::{CLEARED, Case, Described, EVIDENCE, JudgedBy, SELECTED, StepData};
use super::hold_share::{ShareChange, held_with};
use super::plan::{Change, Evidence};
use super::prepare::Prepared;
pub use super::prepare::{Planned, Share};
use super::rows::{RowKey, SuspiciousRow};
use super::rule::CaseSeverity;
use super::runner::RuleRunner;
pub use super::scope::{CasePlace, FoundByRules, RunScope};
pub use super::search::find;
use super::steps::CaseState;
use crate::config::AuditHolding;
use crate::money::holds::{WHOLE, percent};
use crate::store::{AuditCase, AuditFact, AuditTurn, HoldChange, NewEvent, NewRun};

/// Rows that joined a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Added {
    /// The case.
    pub case: i64,
    /// Number of rows.
    pub rows: u64,
    /// Rows of it that were taken back.
    pub gone: u64,
    /// It holds money from now on.
    pub raised: bool,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunOutcome {
    /// Number of the run.
    pub run: Option<i64>,
    /// Cases that the run opened.
    pub opened: Vec<i64>,
    /// Cases that gained rows or severity.
    pub added: Vec<Added>,
    /// Cases whose rows have all been taken back.
    pub cleared: Vec<i64>,
}

/// Who runs it, and when.
#[derive(Debug, Clone, Copy)]
pub struct RunBy<'a> {
    /// Time of the run, RFC 3339.
    pub at: &'a str,
    /// User, or the service.
    pub by: &'a str,
}

/// How much of a run is written down.
#[derive(Debug, Clone, Copy)]
pub struct RunTerms {
    /// Most rows that are kept of a case, one by one, and run.
    pub most_rows: usize,
    /// What of the item's money a case holds.
    pub holding: AuditHolding,
}

/// Writes down what becomes of what was found, as it was prepared, if no case has
/// changed since.
///
/// # Errors
/// Errors of the database within the turn.
pub fn write(
    turn: &AuditTurn<'_>,
    session: &RuleRunner<'_>,
    (found, prepared): (&FoundByRules, Prepared),
    scope: &RunScope,
    terms: RunTerms,
    by: RunBy<'_>,
    share: &mut Share<'_>,
) -> Result<RunOutcome, AuditError> {
    let round = session.basis.book.round;
    let mut prepared =
        if prepared.holds(turn)? { prepared } else { Prepared::read(turn, session, found, scope)? };
    let shares = prepared.take_shares();
    let Prepared { cases, planned, .. } = prepared;
    let versions: BTreeMap<&str, &str> = found
        .ran
        .iter()
        .filter_map(|(id, _)| session.basis.library.get(id))
        .map(|rule| (rule.id.as_str(), rule.version.as_str()))
        .collect();
    let opened =
        planned.iter().filter(|planned| matches!(planned.change, Change::Open { .. })).count();
    let joined = planned.iter().map(|planned| match &planned.change {
        Change::Evidence(evidence) => evidence.joined,
        _ => 0,
    });
    let run = turn.add_run(&NewRun {
        at: by.at,
        by: by.by,
        round: i64::from(round),
        as_of: session.basis.as_of.submission,
        rules: &serde_json::to_string(&versions).unwrap_or_default(),
        opened: opened as u64,
        added: joined.sum(),
    })?;
    let mut writing = Writing {
        turn,
        session,
        found,
        terms,
        by,
        run,
        share,
        shares,
        done: RunOutcome::default(),
    };
    for planned in planned {
        match planned.change {
            Change::Open { follows, severity, rows, standing } => {
                writing.open(&planned.place, follows, severity, (&rows, &standing))?;
            }
            Change::Evidence(evidence) => {
                let known = cases.iter().find(|(known, _)| known.opened.id == evidence.case);
                if let Some((case, _)) = known {
                    writing.evidence(&planned.place, case, &evidence)?;
                }
            }
            Change::Cleared { case } => {
                let Some((case, _)) = cases.iter().find(|(known, _)| known.opened.id == case)
                else {
                    continue;
                };
                writing.cleared(case)?;
            }
        }
    }
    writing.done.run = Some(run);
    Ok(writing.done)
}

struct Writing<'w, 's> {
    turn: &'w AuditTurn<'s>,
    session: &'w RuleRunner<'w>,
    found: &'w FoundByRules,
    terms: RunTerms,
    by: RunBy<'w>,
    run: i64,
    share: &'w mut Share<'w>,
    /// Those that were worked out before the turn, of which rows.
    shares: BTreeMap<CasePlace, (Vec<RowKey>, u32)>,
    done: RunOutcome,
}

impl Writing<'_, '_> {
    fn by_run(&self) -> String {
        format!("audit run {}", self.run)
    }

    /// Rows as they are kept, and how many of so many are not.
    fn facts(&self, rows: &[SuspiciousRow], of: u64) -> (Vec<AuditFact>, Option<u64>) {
        let old = rows.len().saturating_sub(self.terms.most_rows);
        let kept: Vec<AuditFact> = rows.iter().skip(old).map(|row| row.fact(self.run)).collect();
        let cut = of.saturating_sub(kept.len() as u64);
        (kept, (cut > 0).then_some(cut))
    }

    /// The share of the money that rows hold: of all of them, however few are
    /// kept one by one.
    fn held(&mut self, at: &CasePlace, rows: &[RowKey]) -> Result<u32, AuditError> {
        match self.terms.holding {
            AuditHolding::File => Ok(WHOLE),
            AuditHolding::Rows => {
                if let Some((_, share)) = self.shares.get(at).filter(|(of, _)| of == rows) {
                    return Ok(*share);
                }
                let facts: Vec<AuditFact> = rows.iter().map(|key| key.fact(self.run)).collect();
                (self.share)(at, &facts)
            }
        }
    }

    fn data(
        &self,
        numerator: u64,
        denominator: u64,
        cut: Option<u64>,
        severity: CaseSeverity,
    ) -> StepData {
        StepData {
            run: Some(self.run),
            numerator: Some(numerator),
            denominator: Some(denominator),
            severity: Some(severity.as_str().to_owned()),
            as_of: Some(self.session.basis.as_of.submission),
            cut,
            ..StepData::default()
        }
    }

    fn open(
        &mut self,
        place: &CasePlace,
        follows: Option<i64>,
        severity: CaseSeverity,
        (rows, standing): (&[SuspiciousRow], &[RowKey]),
    ) -> Result<(), AuditError> {
        let (id, tranche, hcode) = place;
        let library = self.session.basis.library;
        let (Some(rule), Some(finding)) = (library.get(id), self.found.findings.get(place)) else {
            return Ok(());
        };
        let all = standing.len() as u64;
        let numerator = if all == 0 { finding.numerator } else { all };
        let (facts, cut) = self.facts(rows, all);
        let mut money = Vec::new();
        if severity == CaseSeverity::Hold {
            money.push(HoldChange::Hold { share: self.held(place, standing)?, is_final: false });
        }
        let data = self.data(numerator, finding.denominator, cut, severity).text();
        let by = self.by_run();
        let event = NewEvent {
            step: SELECTED,
            was: "",
            state: CaseState::Selected.as_str(),
            at: self.by.at,
            by: &by,
            token: None,
            text: "",
            data: &data,
            facts: &facts,
            money: &money,
        };
        let case = AuditCase {
            id: 0,
            round: i64::from(self.session.basis.book.round),
            tranche: tranche.clone(),
            hcode: hcode.clone(),
            rule: id.clone(),
            item: rule.item.clone(),
            severity: severity.as_str().to_owned(),
            follows,
            run: self.run,
            version: rule.version.clone(),
            described: serde_json::to_string(&Described::new(rule)).unwrap_or_default(),
            numerator,
            denominator: finding.denominator,
            peers: finding.peers.as_ref().and_then(|peers| serde_json::to_string(peers).ok()),
        };
        self.done.opened.push(self.turn.open_case(&case, &event)?);
        Ok(())
    }

    fn evidence(
        &mut self,
        place: &CasePlace,
        case: &Case,
        evidence: &Evidence,
    ) -> Result<(), AuditError> {
        let Evidence { ref rows, joined, gone, numerator, ref standing, raised, .. } = *evidence;
        let library = self.session.basis.library;
        let (Some(rule), Some(finding)) = (library.get(&place.0), self.found.findings.get(place))
        else {
            return Ok(());
        };
        let (facts, cut) = self.facts(rows, joined);
        let severity = if raised { CaseSeverity::Hold } else { case.severity() };
        let (mut money, mut waits) = (Vec::new(), None);
        if severity == CaseSeverity::Hold {
            match held_with(case, raised, self.held(place, standing)?) {
                ShareChange::AsBefore => {}
                ShareChange::FromNow(share) => {
                    money.extend(case.in_force().map(|hold| HoldChange::Release(hold.hold)));
                    money.push(HoldChange::Hold { share, is_final: false });
                }
                ShareChange::FromLetter(share) => waits = Some(percent(share)),
            }
        }
        let other = (raised && rule.version != case.version())
            .then(|| JudgedBy { version: rule.version.clone(), described: Described::new(rule) });
        let data = StepData {
            joined: (joined > 0).then_some(joined),
            gone: (gone > 0).then_some(gone),
            share: waits,
            peers: finding.peers.as_ref().and_then(|peers| serde_json::to_value(peers).ok()),
            judged_by: other.map(Box::new),
            ..self.data(numerator, finding.denominator, cut, severity)
        }
        .text();
        // A letter that spoke of a warning is none about money: who is to lose
        // some is told anew.
        let state = if raised { CaseState::Selected } else { case.state() };
        self.step(case, (EVIDENCE, state), &data, &facts, &money)?;
        self.done.added.push(Added { case: case.opened.id, rows: joined, gone, raised });
        Ok(())
    }

    fn cleared(&mut self, case: &Case) -> Result<(), AuditError> {
        let data = StepData {
            run: Some(self.run),
            as_of: Some(self.session.basis.as_of.submission),
            ..StepData::default()
        };
        self.step(case, (CLEARED, case.state()), &data.text(), &[], &[])?;
        self.done.cleared.push(case.opened.id);
        Ok(())
    }

    fn step(
        &self,
        case: &Case,
        (step, state): (&str, CaseState),
        data: &str,
        facts: &[AuditFact],
        money: &[HoldChange],
    ) -> Result<(), AuditError> {
        let by = self.by_run();
        let event = NewEvent {
            step,
            was: case.state().as_str(),
            state: state.as_str(),
            at: self.by.at,
            by: &by,
            token: None,
            text: "",
            data,
            facts,
            money,
        };
        self.turn.add_event(&case.opened, &event)?;
        Ok(())
    }
}
