//! What can be computed, and of which state of the data a result is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::environment::Environment;
use crate::kpi::{KpiResult, PersonExplained, UnitExplained};
use crate::money::result::Calculation;
use crate::score::Rulebook;

/// What is computed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ResultKey {
    /// An indicator: id, period, level.
    Kpi(String, String, String),
    /// Why a unit misses persons: id, period, unit.
    Unit(String, String, String),
    /// Why a person counts: id, period, citizen ID.
    Person(String, String, String),
    /// Points, quality and money of a round.
    Round(i32),
    /// Units with visits in a month (`YYYYMM`, C.E.).
    Visited(u32),
}

/// A result, of the kind that its key says.
#[derive(Clone)]
pub enum ComputedResult {
    /// An indicator.
    Kpi(Arc<KpiResult>),
    /// Why a unit misses persons.
    Unit(Arc<UnitExplained>),
    /// Why a person counts.
    Person(Arc<PersonExplained>),
    /// A round.
    Round(Arc<RoundResult>),
    /// Units, by HCODE.
    Visited(Arc<BTreeSet<String>>),
}

/// Points, quality and money of a round.
pub struct RoundResult {
    /// Its rules.
    pub book: Rulebook,
    /// Points, quality, money, holds.
    pub counted: Calculation,
    /// The environment that it was computed in.
    pub environment: Arc<Environment>,
}

/// The state of the data that a result is of. It has two parts, because the
/// first alone may be stale for a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataState {
    /// Number of committed submissions. The highest id would not do: uploads
    /// get theirs before they are loaded.
    pub submissions: i64,
    /// Fingerprint of everything else.
    pub rest: String,
}

impl ComputedResult {
    /// Rough size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Kpi(result) => 1000 + result.rows.len() * 300,
            Self::Unit(explained) => 2000 + explained.missing.len() * 200,
            Self::Person(explained) => 2000 + explained.outcomes.len() * 3000,
            Self::Round(round) => {
                let units = round.counted.points.units.len();
                10_000 + units * 30_000
            }
            Self::Visited(units) => 200 + units.len() * 60,
        }
    }
}
