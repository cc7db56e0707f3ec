//! What the rows of a round are worth: rulebooks, points, quality.
//!
//! This code implements kinds of rule. A rulebook says which item is of which
//! kind, its points and its windows; `schema/score/*.sql` selects its rows.
//! Nothing here knows about money or writes to the store.

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
