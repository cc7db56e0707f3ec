//! The facilities of the province, from `units.csv`: who may send, and for
//! whom.

mod force;
mod held;
mod list;

pub use force::SubmissionCounts;
pub use held::{Dropped, Held, HoldReason, ListStamp};
pub use list::{Unit, Units, UnitsError};
