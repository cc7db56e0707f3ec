//! The inputs of [`super::allocate`]: the money rules of a rulebook and the facts
//! about units, both in whole numbers.

use std::collections::BTreeMap;

use super::Satang;

/// A period that money is split over, with its weight among its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightedPeriod {
    /// Name in the rulebook, e.g. `1`.
    pub id: String,
    /// Weight among the parts of its kind.
    pub weight: u64,
}

/// A tranche of performance money, with the quarters of volume money that
/// what is not earned in it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tranche {
    /// The tranche itself.
    pub period: WeightedPeriod,
    /// Quarters of the tranche.
    pub quarters: Vec<WeightedPeriod>,
}

/// A part of the support money, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// What it is for.
    pub name: String,
    /// A head.
    pub per_head: Satang,
    /// Whether units are paid it, by their UC heads.
    pub shared_out: bool,
}

/// Pools and periods of a rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRules {
    /// Volume money a head.
    pub volume: Satang,
    /// Performance money a head at most, over all tranches.
    pub performance: Satang,
    /// Support money.
    pub support: Vec<Support>,
    /// Tranches in their order.
    pub tranches: Vec<Tranche>,
}

impl MoneyRules {
    /// All quarters in the order of their tranches.
    pub fn quarters(&self) -> impl Iterator<Item = &WeightedPeriod> {
        self.tranches.iter().flat_map(|tranche| &tranche.quarters)
    }
}

/// Points in hundredths, by item.
pub type ItemPoints = BTreeMap<String, u64>;

/// A quality score and the most that it could have been, in hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QualityMark {
    /// The score.
    pub score: u64,
    /// Largest possible score.
    pub max: u64,
}

/// What a unit has to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFacts {
    /// Persons of the UC scheme registered with the unit.
    pub heads: u64,
    /// Points by quarter.
    pub points: BTreeMap<String, ItemPoints>,
    /// Quality by tranche.
    pub quality: BTreeMap<String, QualityMark>,
}

/// All units by HCODE.
pub type AllocationFacts = BTreeMap<String, UnitFacts>;
