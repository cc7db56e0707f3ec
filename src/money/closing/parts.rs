//! The parts of a round as they are shown: open or paid, the user and the state of
//! the store for each payment, and the history.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::PartKind;
use crate::money::Satang;
use crate::score::Rulebook;
use crate::store::{Closing, HoldAction, PartOf};

/// A part of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartLine {
    /// Whether it is a quarter or a tranche.
    pub kind: PartKind,
    /// Number of the part within its kind, from 1.
    pub part: String,
    /// First day of service; `None` if the rulebook no longer has the part.
    pub from: Option<NaiveDate>,
    /// Last day of service; `None` if the rulebook no longer has the part.
    pub to: Option<NaiveDate>,
    /// The payment; `None` while the part is open.
    pub closed: Option<ClosedLine>,
    /// How it had been paid before it was taken up again.
    pub reopened: Vec<ReopenedLine>,
}

/// A payment: user, time, state of the store, and sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClosedLine {
    /// Number of the closing.
    pub id: i64,
    /// Time, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// The user that closed the part.
    pub by: String,
    /// The last submission that counts.
    pub as_of_submission: i64,
    /// SHA-256 of the rulebook.
    pub rulebook: String,
    /// Name of its file.
    pub rulebook_file: String,
    /// What heads were counted from.
    pub population: String,
    /// SHA-256 of the registry, where there was one.
    pub registry: Option<String>,
    /// SHA-256 of the list of units.
    pub units_list: String,
    /// Version of the code that counted.
    pub program: String,
    /// UC heads of the province.
    pub heads: u64,
    /// Numbers of the holds in force.
    pub holds: Vec<i64>,
    /// The whole pool.
    pub pool: Satang,
    /// What units got of it.
    pub shared: Satang,
    /// What nobody did.
    pub unshared: Satang,
    /// What was held of it.
    pub held: Satang,
    /// Corrections of earlier parts that were paid with it.
    pub corrections: Satang,
    /// What of these was held.
    pub corrections_held: Satang,
    /// What was paid: shared and corrections less what was held.
    pub paid: Satang,
    /// Main units that it was paid through.
    pub cups: Vec<PaidCupLine>,
    /// The seal over all of it, hex.
    pub digest: String,
}

/// What was paid through a main unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PaidCupLine {
    /// The main unit.
    pub cup: String,
    /// Name of the main unit.
    pub name: String,
    /// Number of units.
    pub units: u64,
    /// Money of the part.
    pub amount: Satang,
    /// What of that was held.
    pub held: Satang,
    /// Corrections of earlier parts.
    pub corrections: Satang,
    /// What of these was held.
    pub corrections_held: Satang,
    /// What was paid.
    pub paid: Satang,
}

/// A payment that was reopened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReopenedLine {
    /// How it had been paid.
    pub closed: ClosedLine,
    /// User, time and reason of reopening.
    pub reopened: HoldAction,
}

impl ClosedLine {
    /// Of what is on record.
    pub fn new(closing: &Closing) -> Self {
        let (on, pool) = (&closing.paid.on, &closing.paid.pool);
        let cups: Vec<PaidCupLine> = closing
            .cups
            .iter()
            .map(|cup| PaidCupLine {
                cup: cup.cup.clone(),
                name: cup.name.clone(),
                units: cup.units,
                amount: Satang(cup.amount),
                held: Satang(cup.held),
                corrections: Satang(cup.corrected),
                corrections_held: Satang(cup.corrected_held),
                paid: Satang(cup.amount - cup.held + cup.corrected - cup.corrected_held),
            })
            .collect();
        let mut line = Self {
            id: closing.id,
            at: closing.at.clone(),
            by: closing.by.clone(),
            as_of_submission: on.submission,
            rulebook: on.rulebook.clone(),
            rulebook_file: on.rulebook_file.clone(),
            population: on.population.clone(),
            registry: on.registry.as_ref().map(|[sha256, _, _]| sha256.clone()),
            units_list: on.units.clone(),
            program: on.program.clone(),
            heads: on.heads,
            holds: on.holds.clone(),
            pool: Satang(pool.own + pool.joined),
            shared: Satang(pool.shared),
            unshared: Satang(pool.unshared),
            held: Satang::ZERO,
            corrections: Satang::ZERO,
            corrections_held: Satang::ZERO,
            paid: Satang::ZERO,
            cups,
            digest: closing.digest.clone(),
        };
        line.retain_cups(|_| true);
        line
    }

    /// With these main units alone: `held`, `corrections` and `paid` are their
    /// sums. The pool stays that of the province.
    pub fn retain_cups(&mut self, keep: impl Fn(&str) -> bool) {
        self.cups.retain(|cup| keep(&cup.cup));
        let sum = |of: fn(&PaidCupLine) -> Satang| self.cups.iter().map(of).sum();
        let (held, corrections) = (sum(|cup| cup.held), sum(|cup| cup.corrections));
        let corrections_held = sum(|cup| cup.corrections_held);
        self.paid = sum(|cup| cup.paid);
        (self.held, self.corrections) = (held, corrections);
        self.corrections_held = corrections_held;
    }
}

/// What closes a part now.
pub fn in_force<'c>(closings: &'c [Closing], of: &PartOf) -> Option<&'c Closing> {
    closings.iter().find(|closing| closing.paid.of == *of && closing.reopened.is_none())
}

/// Every part of a round: those of the rulebook in their order, then any that
/// it no longer has.
pub fn parts(book: &Rulebook, closings: &[Closing]) -> Vec<PartLine> {
    let mut all: Vec<(PartOf, Option<(NaiveDate, NaiveDate)>)> = Vec::new();
    let round = i64::from(book.round);
    let kinds = [(PartKind::Quarter, &book.money.quarters), (PartKind::Tranche, &book.tranches)];
    for (kind, periods) in kinds {
        for period in periods {
            let of = PartOf { round, kind, part: period.number.to_string() };
            all.push((of, Some((period.from, period.to))));
        }
    }
    for closing in closings {
        if !all.iter().any(|(of, _)| *of == closing.paid.of) {
            all.push((closing.paid.of.clone(), None));
        }
    }
    all.into_iter().map(|(of, days)| line(of, days, closings)).collect()
}

fn line(of: PartOf, days: Option<(NaiveDate, NaiveDate)>, closings: &[Closing]) -> PartLine {
    let own = closings.iter().filter(|closing| closing.paid.of == of);
    let reopened = own.filter_map(|closing| {
        let reopened = closing.reopened.clone()?;
        Some(ReopenedLine { closed: ClosedLine::new(closing), reopened })
    });
    PartLine {
        from: days.map(|days| days.0),
        to: days.map(|days| days.1),
        closed: in_force(closings, &of).map(ClosedLine::new),
        reopened: reopened.collect(),
        kind: of.kind,
        part: of.part,
    }
}
