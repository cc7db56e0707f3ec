//! The facilities of the province, from `units.csv`: who may send, and for
//! whom.

mod force;
mod held;
mod list;

pub use force::Sent;
pub use held::{Dropped, Held, Stamp, Why};
pub use list::{Unit, Units, UnitsError};
