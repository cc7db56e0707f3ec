//! Forms in which numbers and findings leave the house.

pub mod csv;
pub mod findings;
