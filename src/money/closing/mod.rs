//! Parts of a round that were paid are final: what is paid is written down with
//! every figure, and never computed again. What would be different now is shown
//! beside it and put right with the next part that is open.
//!
//! | file | is |
//! |---|---|
//! | [`settle`] | an allocation with what was paid in its place, pure |
//! | [`close`] | which part may be closed, and what is then written down |
//! | [`parts`] | parts as they are shown, with their history |
//!
//! Quarters pay volume money and tranches performance money, each kind by
//! itself: volume money is put right with the next open quarter, performance
//! money with the next open tranche. What nobody earned of a tranche joins its
//! quarters as it is known when the quarter is counted; what changes later is a
//! correction of the quarter like any other. So the sum over all parts is at
//! any time what a plain computation gives, for each unit and each pool.

pub mod close;
pub mod parts;
pub mod settle;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;

use super::Satang;
pub use crate::store::PartKind;

/// What a part that was paid would come to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Now {
    /// Money to be paid.
    pub amount: Satang,
    /// What of that would be held.
    pub held: Satang,
}

/// What the pool of a part that was paid would come to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PoolNow {
    /// The whole pool.
    pub pool: Satang,
    /// What units would get of it.
    pub shared: Satang,
    /// What nobody would.
    pub unshared: Satang,
}

/// A difference of a part that was paid, which is put right with another.
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

/// The same of a pool.
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
