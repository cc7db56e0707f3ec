//! Money: pools, shares, holds, and what each main unit is told about them.
//!
//! | file | is |
//! |---|---|
//! | [`satang`] | amounts and points |
//! | [`share`] | one pool by weights, to the satang |
//! | [`terms`] | what a rulebook says and what units have to show, in whole numbers |
//! | [`allocate`] | all pools, pure |
//! | [`holds`] | which money is kept back |

pub mod allocate;
pub mod holds;
pub mod of_rulebook;
pub mod satang;
pub mod share;
pub mod terms;

pub use satang::{Points, Satang};
