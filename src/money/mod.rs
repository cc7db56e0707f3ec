//! Money: pools, shares, holds, and what each main unit is told about them.
//!
//! | file | is |
//! |---|---|
//! | [`satang`] | amounts and points |
//! | [`share`] | one pool by weights, to the satang |
//! | [`terms`], [`of_rulebook`] | what a rulebook says and what units have to show, in whole numbers |
//! | [`allocate`] | all pools, pure |
//! | [`closing`] | parts that were paid, and what is put right of them |
//! | [`holds`] | which money is kept back |
//! | [`result`] | a round counted from the store, and its allocation |
//! | [`compare`] | two rulebooks side by side |
//! | [`statement`] | what a main unit is told |

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
