//! Compares two rulebooks on the same data, for example this year's money under next
//! year's rules.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Satang;
use super::allocate::MoneySums;
use super::result::Allocation;

/// An amount under each rulebook, and the difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Under the rulebook in force.
    pub base: Satang,
    /// Under the other one.
    pub other: Satang,
    /// Other less base.
    pub difference: Satang,
}

impl Pair {
    fn new(base: Satang, other: Satang) -> Self {
        Self { base, other, difference: other - base }
    }
}

/// A unit, a main unit, or all, under both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Volume money.
    pub volume: Pair,
    /// Performance money.
    pub performance: Pair,
    /// Support money.
    pub support: Pair,
    /// All of these.
    pub amount: Pair,
    /// What is held.
    pub held: Pair,
    /// What is left to pay now.
    pub payable: Pair,
}

impl Compared {
    fn new(base: &MoneySums, other: &MoneySums) -> Self {
        Self {
            volume: Pair::new(base.volume, other.volume),
            performance: Pair::new(base.performance, other.performance),
            support: Pair::new(base.support, other.support),
            amount: Pair::new(base.amount, other.amount),
            held: Pair::new(base.held, other.held),
            payable: Pair::new(base.payable, other.payable),
        }
    }
}

/// A unit under both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitCompared {
    /// HCODE of the unit.
    pub hcode: String,
    /// Name of the unit.
    pub name: String,
    /// Money under each rulebook.
    #[serde(flatten)]
    pub money: Compared,
}

/// A main unit under both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CupCompared {
    /// HCODE of the main unit.
    pub cup: String,
    /// Name of the unit.
    pub name: String,
    /// Money under each rulebook.
    #[serde(flatten)]
    pub money: Compared,
    /// Units, by HCODE.
    pub units: Vec<UnitCompared>,
}

/// A rulebook by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedRulebook {
    /// SHA-256.
    pub rulebook: String,
    /// Name of the file.
    pub rulebook_file: String,
}

/// The comparison of two rulebooks on the same data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The round, B.E.
    pub round: i32,
    /// The last submission that is included.
    pub as_of_submission: i64,
    /// The rulebook in force.
    pub base: NamedRulebook,
    /// The other one.
    pub other: NamedRulebook,
    /// All units.
    pub total: Compared,
    /// What nobody got.
    pub unallocated: Pair,
    /// Main units.
    pub cups: Vec<CupCompared>,
}

/// Compares two allocations of the same state of the store.
pub fn compare(base: &Allocation, other: &Allocation) -> Comparison {
    let others: BTreeMap<&str, &MoneySums> = other
        .cups
        .iter()
        .flat_map(|cup| &cup.units)
        .map(|unit| (unit.hcode.as_str(), &unit.money.sums))
        .collect();
    let none = MoneySums::default();
    let cups = base.cups.iter().map(|cup| {
        let mut sums = MoneySums::default();
        let units = cup.units.iter().map(|unit| {
            let of = others.get(unit.hcode.as_str()).copied().unwrap_or(&none);
            sums.add(of);
            UnitCompared {
                hcode: unit.hcode.clone(),
                name: unit.name.clone(),
                money: Compared::new(&unit.money.sums, of),
            }
        });
        let units = units.collect();
        let money = Compared::new(&cup.sums, &sums);
        CupCompared { cup: cup.cup.clone(), name: cup.name.clone(), money, units }
    });
    let named = |of: &Allocation| NamedRulebook {
        rulebook: of.rulebook.clone(),
        rulebook_file: of.rulebook_file.clone(),
    };
    Comparison {
        round: base.round,
        as_of_submission: base.as_of_submission,
        base: named(base),
        other: named(other),
        total: Compared::new(&base.total, &other.total),
        unallocated: Pair::new(base.unallocated, other.unallocated),
        cups: cups.collect(),
    }
}
