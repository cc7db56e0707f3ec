//! Money: pools, shares, holds, payments, and the statements of main units.
//!
//! | file | is |
//! |---|---|
//! | [`satang`] | amounts and points |
//! | [`share`] | one pool by weights, to the satang |
//! | [`terms`], [`from_rulebook`] | money rules and inputs of the calculation, in whole numbers |
//! | [`allocate`] | all pools, pure |
//! | [`closing`] | paid parts, and their corrections |
//! | [`holds`] | money that is kept back |
//! | [`result`] | a round counted from the store, and its allocation |
//! | [`compare`] | two rulebooks side by side |
//! | [`statement`] | the statement of a main unit |

pub mod allocate;
pub mod closing;
pub mod compare;
pub mod from_rulebook;
pub mod holds;
pub mod result;
pub mod satang;
pub mod share;
pub mod statement;
pub mod terms;

pub use satang::{Hundredths, Satang};
