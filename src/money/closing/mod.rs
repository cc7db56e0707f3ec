//! Paid parts of a round are final: every figure of a payment is recorded and never
//! computed again. Differences that a computation would show now are listed beside
//! it, and corrected with the next open part.
//!
//! | file | is |
//! |---|---|
//! | [`settle`] | puts payments in the place of computed figures, pure |
//! | [`close`] | which part may be closed, and what is recorded then |
//! | [`parts`] | parts as they are shown, with their history |
//!
//! Quarters pay volume money and tranches pay performance money. Each kind is
//! corrected by itself: volume money with the next open quarter, performance money
//! with the next open tranche. Unearned money of a tranche is added to its quarters
//! as it is known when the quarter is counted; later changes are corrections of the
//! quarter. The sum over all parts therefore always equals what a computation
//! without payments gives, for each unit and each pool.

pub mod close;
pub mod parts;
pub mod settle;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;

use super::Satang;
pub use crate::store::PartKind;

/// What a paid part would amount to if it were computed now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Now {
    /// Money to be paid.
    pub amount: Satang,
    /// What of that would be held.
    pub held: Satang,
}

/// What the pool of a paid part would amount to if it were computed now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PoolNow {
    /// The whole pool.
    pub pool: Satang,
    /// What units would get of it.
    pub shared: Satang,
    /// What nobody would.
    pub unshared: Satang,
}

/// A correction of a paid part, paid with another part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Correction {
    /// What the parts are.
    pub kind: PartKind,
    /// The part that it is about.
    pub of: String,
    /// Money; less than nothing where too much was paid.
    pub amount: Satang,
    /// Money held.
    pub held: Satang,
}

/// A correction of the pool of a paid part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PoolCorrection {
    /// What the parts are.
    pub kind: PartKind,
    /// The part that it is about.
    pub of: String,
    /// What units get.
    pub shared: Satang,
    /// What nobody gets.
    pub unshared: Satang,
}
