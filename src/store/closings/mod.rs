//! Paid parts of a round: written once with every figure, read back and verified.
//! Triggers of the tables refuse changes; a digest over each record and the one
//! before it shows changes that got around the triggers.

mod prove;
mod read;
#[cfg(test)]
mod tests;
mod write;

use schemars::JsonSchema;
use serde::Serialize;

use super::HoldAction;
pub use write::PayTurn;

/// What a part of a round is: each pays one pool of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// A quarter of service: volume money.
    Quarter,
    /// A tranche: performance money.
    Tranche,
}

impl PartKind {
    /// Stable name, as stored and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "quarter",
            Self::Tranche => "tranche",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Quarter, Self::Tranche].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A part of a round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PartOf {
    /// The round, B.E.
    pub round: i64,
    /// Whether it is a quarter or a tranche.
    pub kind: PartKind,
    /// Number of the part in the rulebook.
    pub part: String,
}

/// The state that a payment rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidOn {
    /// The last submission that counts.
    pub submission: i64,
    /// SHA-256 of the rulebook, hex.
    pub rulebook: String,
    /// Name of its file.
    pub rulebook_file: String,
    /// All of its text.
    pub rulebook_text: String,
    /// What heads were counted from: a registry, or PERSON rows.
    pub population: String,
    /// The registry: SHA-256, file, time of its import.
    pub registry: Option<[String; 3]>,
    /// SHA-256 of the list of units.
    pub units: String,
    /// Version of the code that counted.
    pub program: String,
    /// UC heads of the province.
    pub heads: u64,
    /// Numbers of the holds in force.
    pub holds: Vec<i64>,
}

/// The pool of a part, in satang.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaidPool {
    /// By heads.
    pub own: i64,
    /// What joined it.
    pub joined: i64,
    /// What units got.
    pub shared: i64,
    /// What nobody got.
    pub unshared: i64,
    /// Points, or quality scores, of all units, in hundredths.
    pub points: u64,
}

/// Money of an item: satang and hundredths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidItem {
    /// The item.
    pub item: String,
    /// Points of the item.
    pub points: u64,
    /// Money of the item, in satang.
    pub amount: i64,
    /// What of that was held.
    pub held: i64,
}

/// A unit's money of a part: satang and hundredths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaidUnit {
    /// HCODE of the unit.
    pub hcode: String,
    /// Name as it was when the part was paid.
    pub name: String,
    /// The main unit that it was paid through.
    pub cup: String,
    /// UC heads.
    pub heads: u64,
    /// Points; of a tranche the quality score.
    pub points: u64,
    /// For a tranche, the highest possible score.
    pub most: u64,
    /// Of a tranche what the highest score would have earned.
    pub ceiling: i64,
    /// What it got.
    pub amount: i64,
    /// What of that was held.
    pub held: i64,
    /// By item; empty for a tranche.
    pub items: Vec<PaidItem>,
}

/// A correction of an earlier part that was paid with this one, in satang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidCorrection {
    /// The corrected part, of the same kind.
    pub part: String,
    /// HCODE of the unit.
    pub hcode: String,
    /// Satang; less than nothing where too much was paid.
    pub amount: i64,
    /// Money held.
    pub held: i64,
}

/// What was paid through a main unit, in satang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidCup {
    /// The main unit.
    pub cup: String,
    /// Name as it was when the part was paid.
    pub name: String,
    /// Number of units.
    pub units: u64,
    /// Money of the part.
    pub amount: i64,
    /// What of that was held.
    pub held: i64,
    /// Differences of earlier parts.
    pub corrected: i64,
    /// Of money held.
    pub corrected_held: i64,
}

/// Everything that was paid for a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The part.
    pub of: PartOf,
    /// The state that it rests on.
    pub on: PaidOn,
    /// The pool that was shared.
    pub pool: PaidPool,
    /// Every unit, by HCODE.
    pub units: Vec<PaidUnit>,
    /// Corrections paid with it.
    pub corrections: Vec<PaidCorrection>,
    /// Corrections of money that no unit got, by corrected part.
    pub unshared: Vec<(String, i64)>,
}

/// A part that was closed, and how it was taken up again, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Number of the closing.
    pub id: i64,
    /// When it was closed, RFC 3339.
    pub at: String,
    /// The user that closed it.
    pub by: String,
    /// What was paid.
    pub paid: Paid,
    /// Main units, by HCODE.
    pub cups: Vec<PaidCup>,
    /// The seal, hex.
    pub digest: String,
    /// User, time and reason of reopening.
    pub reopened: Option<HoldAction>,
}
