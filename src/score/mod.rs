//! What the rows of a round are worth: rulebooks, points, quality.
//!
//! The code here knows kinds of rule; which item is of which kind, its points
//! and windows stand in a rulebook, and which rows it is about in
//! `schema/score/*.sql`. It knows no money and writes nothing.

pub mod quality;
pub mod rulebook;

pub use rulebook::{Rulebook, RulebookError};
