//! What the rows of a round are worth: rulebooks, points, quality.
//!
//! The code here knows kinds of rule; which item is of which kind, its points
//! and windows stand in a rulebook, and which rows it is about in
//! `schema/score/*.sql`. It knows no money and writes nothing.

mod behind;
mod deadline;
mod kept;
pub mod late;
mod persons;
pub mod points;
pub mod quality;
mod rows;
pub mod rulebook;
pub mod sheet;
mod state;

pub use behind::{Figure, ScoredRow, rows_behind};
pub use kept::{Keeping, points_kept};
pub use points::{Cell, Points, UnitPoints, points};
pub use rulebook::{Rulebook, RulebookError, Rulebooks};
pub use sheet::{Sheet, Wanted};
pub use state::AsOf;
