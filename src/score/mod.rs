//! What the rows of a round are worth: rulebooks, points, quality.
//!
//! The code here knows kinds of rule; which item is of which kind, its points
//! and windows stand in a rulebook, and which rows it is about in
//! `schema/score/*.sql`. It knows no money and writes nothing.

mod cached_points;
mod deadline;
mod drill_down;
pub mod late;
mod persons;
pub mod points;
pub mod quality;
mod rows;
pub mod rulebook;
pub mod sheet;
mod state;
pub mod unsent;

pub use cached_points::{CacheHandle, cached_points};
pub use drill_down::{FigureRef, ScoredRow, contributing_rows};
pub use points::{Points, PointsCell, UnitPoints, points};
pub use rulebook::{Rulebook, RulebookError, Rulebooks};
pub use sheet::{ScoreQuery, ScoreReport};
pub use state::AsOf;
