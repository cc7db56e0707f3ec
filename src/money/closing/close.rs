//! Decides which part of a round may be closed, and what is recorded then.

use std::fmt::Display;

use chrono::NaiveDate;

use super::parts::in_force;
use super::{Correction, PartKind};
use crate::money::Satang;
use crate::money::allocate::{Pools, UnitMoney};
use crate::money::result::{Calculation, CalculationInput};
use crate::registry::PopulationSource;
use crate::report::Bilingual;
use crate::score::Rulebook;
use crate::score::rulebook::RulePeriod;
use crate::store::{Paid, PaidCorrection, PaidItem, PaidOn, PaidPool, PaidUnit, PartOf};
use crate::text::message_with;
use crate::units::UnitsError;
use crate::version;

/// Why a part cannot be closed or taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosingRefusal {
    /// The rulebook has no such part.
    NoPart(PartOf),
    /// Days of service are still to come.
    NotOver(PartOf, NaiveDate),
    /// Closed already: part, user, and time (RFC 3339).
    Closed(PartOf, String, String),
    /// It is not closed.
    Open(PartOf),
    /// Nobody has points in it, or a quality score.
    NothingToShare(PartOf),
    /// Submissions that counted in the state were taken back since.
    Inexact(Vec<i64>),
    /// Submissions that belong to the state are not loaded yet.
    Loading(Vec<i64>),
    /// A main unit is not in the list of units.
    Cup(UnitsError),
}

/// A part by name.
pub fn name_of(kind: PartKind, part: &str) -> Bilingual {
    match kind {
        PartKind::Quarter => message_with("closing.quarter", &[("part", &part)]),
        PartKind::Tranche => message_with("closing.tranche", &[("part", &part)]),
    }
}

impl ClosingRefusal {
    /// For people.
    pub fn words(&self) -> Bilingual {
        let numbers =
            |ids: &[i64]| ids.iter().map(|id| format!("#{id}")).collect::<Vec<_>>().join(" ");
        match self {
            Self::NoPart(of) => {
                let (name, round) = (name_of(of.kind, &of.part), of.round);
                let values: [(&str, &dyn Display); 3] =
                    [("round", &round), ("th", &name.th), ("en", &name.en)];
                message_with("closing.no_part", &values)
            }
            Self::NotOver(of, to) => {
                let name = name_of(of.kind, &of.part);
                let values: [(&str, &dyn Display); 3] =
                    [("to", to), ("th", &name.th), ("en", &name.en)];
                message_with("closing.not_over", &values)
            }
            Self::Closed(of, by, at) => {
                let (name, day) = (name_of(of.kind, &of.part), at.get(..10).unwrap_or(at));
                let values: [(&str, &dyn Display); 4] =
                    [("by", by), ("day", &day), ("th", &name.th), ("en", &name.en)];
                message_with("closing.closed_already", &values)
            }
            Self::Open(of) => {
                let name = name_of(of.kind, &of.part);
                message_with("closing.not_closed", &[("th", &name.th), ("en", &name.en)])
            }
            Self::NothingToShare(of) => {
                let name = name_of(of.kind, &of.part);
                message_with("closing.nothing_to_pay", &[("th", &name.th), ("en", &name.en)])
            }
            Self::Inexact(ids) => message_with("closing.inexact", &[("ids", &numbers(ids))]),
            Self::Loading(ids) => message_with("closing.being_loaded", &[("ids", &numbers(ids))]),
            Self::Cup(error) => {
                message_with("closing.money_is_paid_through_main_units", &[("error", &error)])
            }
        }
    }
}

/// The days of a part by the rulebook.
pub fn period<'b>(book: &'b Rulebook, of: &PartOf) -> Option<&'b RulePeriod> {
    let all = match of.kind {
        PartKind::Quarter => &book.money.quarters,
        PartKind::Tranche => &book.tranches,
    };
    all.iter().find(|period| period.number.to_string() == of.part)
}

/// Whether a part may be closed today, as it was counted.
///
/// # Errors
/// Says why the part may not be closed.
pub fn may_close(
    book: &Rulebook,
    counted: &Calculation,
    of: &PartOf,
    today: NaiveDate,
) -> Result<(), ClosingRefusal> {
    let part = || of.clone();
    let period = period(book, of).ok_or_else(|| ClosingRefusal::NoPart(part()))?;
    if let Some(closing) = in_force(&counted.closings, of) {
        return Err(ClosingRefusal::Closed(part(), closing.by.clone(), closing.at.clone()));
    }
    if today <= period.to {
        return Err(ClosingRefusal::NotOver(part(), period.to));
    }
    let allocation = &counted.allocation;
    if !allocation.as_of_exact {
        return Err(ClosingRefusal::Inexact(allocation.voided_since.clone()));
    }
    let to_share = match of.kind {
        PartKind::Quarter => {
            let pool = allocation.pools.quarters.get(&of.part);
            pool.is_some_and(|pool| pool.points.0 > 0)
        }
        PartKind::Tranche => {
            let units = allocation.cups.iter().flat_map(|cup| &cup.units);
            let mut marks = units.filter_map(|unit| unit.money.performance.get(&of.part));
            marks.any(|money| money.max.0 > 0)
        }
    };
    if to_share { Ok(()) } else { Err(ClosingRefusal::NothingToShare(part())) }
}

/// Everything that is paid with a part, as it was counted.
pub fn paid(basis: &CalculationInput<'_>, counted: &Calculation, of: &PartOf) -> Paid {
    let allocation = &counted.allocation;
    let units = allocation.cups.iter().flat_map(|cup| {
        cup.units.iter().map(|unit| Payee {
            hcode: &unit.hcode,
            name: &unit.name,
            cup: &cup.cup,
            money: &unit.money,
        })
    });
    figures(of, state_of(basis, counted), &allocation.pools, units)
}

/// A unit with its money.
pub(super) struct Payee<'a> {
    pub(super) hcode: &'a str,
    pub(super) name: &'a str,
    pub(super) cup: &'a str,
    pub(super) money: &'a UnitMoney,
}

/// The figures of a part.
pub(super) fn figures<'a>(
    of: &PartOf,
    on: PaidOn,
    pools: &Pools,
    payees: impl Iterator<Item = Payee<'a>>,
) -> Paid {
    let mut units = Vec::new();
    let mut corrections = Vec::new();
    for payee in payees {
        let (unit, lines) = unit_of(&payee, of);
        units.push(unit);
        corrections.extend(lines.iter().map(|line| PaidCorrection {
            part: line.of.clone(),
            hcode: payee.hcode.to_owned(),
            amount: line.amount.0,
            held: line.held.0,
        }));
    }
    units.sort_by(|one, other| one.hcode.cmp(&other.hcode));
    let points = units.iter().map(|unit| unit.points).sum();
    let (pool, unshared) = pool_of(pools, of, points);
    Paid { of: of.clone(), on, pool, units, corrections, unshared }
}

fn unit_of<'u>(payee: &Payee<'u>, of: &PartOf) -> (PaidUnit, &'u [Correction]) {
    let unit = payee.money;
    let mut paid = PaidUnit {
        hcode: payee.hcode.to_owned(),
        name: payee.name.to_owned(),
        cup: payee.cup.to_owned(),
        heads: unit.heads,
        ..PaidUnit::default()
    };
    match of.kind {
        PartKind::Quarter => {
            let Some(money) = unit.volume.get(&of.part) else { return (paid, &[]) };
            (paid.points, paid.amount, paid.held) = (money.points.0, money.amount.0, money.held.0);
            paid.items = money
                .items
                .iter()
                .map(|(item, money)| PaidItem {
                    item: item.clone(),
                    points: money.points.0,
                    amount: money.amount.0,
                    held: money.held.0,
                })
                .collect();
            (paid, &money.settled.corrections)
        }
        PartKind::Tranche => {
            let Some(money) = unit.performance.get(&of.part) else { return (paid, &[]) };
            (paid.points, paid.most, paid.ceiling) = (money.score.0, money.max.0, money.ceiling.0);
            (paid.amount, paid.held) = (money.earned.0, money.held.0);
            (paid, &money.settled.corrections)
        }
    }
}

/// The pool, and what nobody got of others that is put right with it.
fn pool_of(pools: &Pools, part: &PartOf, points: u64) -> (PaidPool, Vec<(String, i64)>) {
    let (mut paid, mut corrections) = (PaidPool::default(), &[][..]);
    match part.kind {
        PartKind::Quarter => {
            if let Some(pool) = pools.quarters.get(&part.part) {
                (paid.own, paid.joined) = (pool.own.0, pool.joined.0);
                (paid.shared, paid.unshared) = (pool.shared.0, pool.unallocated.0);
                corrections = &pool.settled.corrections;
            }
        }
        PartKind::Tranche => {
            if let Some(pool) = pools.tranches.get(&part.part) {
                (paid.own, paid.shared, paid.unshared) =
                    (pool.pool.0, pool.earned.0, pool.unearned.0);
                corrections = &pool.settled.corrections;
            }
        }
    }
    paid.points = points;
    let unshared = corrections.iter().filter(|line| line.unshared != Satang::ZERO);
    (paid, unshared.map(|line| (line.of.clone(), line.unshared.0)).collect())
}

fn state_of(basis: &CalculationInput<'_>, counted: &Calculation) -> PaidOn {
    let of = &counted.allocation;
    let population = match of.population.source {
        PopulationSource::Registry => "registry",
        PopulationSource::PersonRows => "person_rows",
    };
    let registry = of.population.registry.as_ref();
    let holds = counted.holds.iter().filter(|hold| hold.released.is_none());
    PaidOn {
        submission: of.as_of_submission,
        rulebook: of.rulebook.clone(),
        rulebook_file: of.rulebook_file.clone(),
        rulebook_text: basis.book.text.clone(),
        population: population.to_owned(),
        registry: registry.map(|of| [of.sha256.clone(), of.file.clone(), of.imported_at.clone()]),
        units: basis.units.sha256().to_owned(),
        program: version::BUILD.to_owned(),
        heads: of.pools.heads,
        holds: holds.map(|hold| hold.id).collect(),
    }
}
