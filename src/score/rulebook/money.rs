//! Money of a round: amount per UC head, purpose and time of payment.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::days::RulePeriod;

/// Whether a pool has at least, at most or exactly its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It may grow by what others do not earn.
    Least,
    /// What is not earned goes elsewhere.
    Most,
    /// Neither.
    Exact,
}

/// The parts of the round by which a pool is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidBy {
    /// Quarters of service.
    Quarter,
    /// Tranches.
    Tranche,
    /// Once.
    Round,
}

/// The weights by which a pool is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedBy {
    /// Points.
    Points,
    /// Quality scores.
    Quality,
    /// UC heads.
    Heads,
}

/// Units through which money is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidThrough {
    /// The main unit of the CUP.
    MainUnit,
}

/// Who gets the satang that remain after rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the largest remainders.
    LargestRemainder,
}

/// A named part of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolPart {
    /// Name of the part, as statements show it.
    pub name: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// Baht a UC head.
    pub per_head: Decimal,
}

/// A pool: money for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Name, e.g. `volume`.
    pub part: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// Baht a UC head.
    pub per_head: Decimal,
    /// Whether that is the least, the most or all.
    pub bound: Bound,
    /// How it is paid.
    pub period: PaidBy,
    /// By what it is shared.
    pub shared_by: SharedBy,
    /// Whether it is paid by results.
    pub by_results: bool,
    /// Whether units are paid a pool that is not paid by results. No source
    /// says who gets it, so that it is not shared out unless this says so.
    #[serde(default)]
    pub shared_out: bool,
    /// The pool that gets what is not earned.
    #[serde(default)]
    pub unearned_to: Option<String>,
    /// What it consists of.
    #[serde(default)]
    pub parts: Vec<PoolPart>,
    /// Source of the rule.
    pub source: String,
}

/// Money of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Source of the rule.
    pub source: String,
    /// Baht a UC head that are paid by results.
    pub by_results: Decimal,
    /// Baht a UC head in all.
    pub per_head: Decimal,
    /// Through whom it is paid.
    pub paid_through: PaidThrough,
    /// Who gets the satang that remain after rounding.
    pub rounding: Rounding,
    /// The pools.
    #[serde(rename = "pool")]
    pub pools: Vec<Pool>,
    /// Quarters of service.
    #[serde(rename = "quarter")]
    pub quarters: Vec<RulePeriod>,
}

impl Money {
    /// A pool by name.
    pub fn pool(&self, part: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.part == part)
    }
}
