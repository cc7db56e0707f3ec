//! Results that take long to compute (points, money, indicators: seconds over
//! a year of a province), computed by one background thread and cached.
//!
//! Each result is computed once, however many requests ask for it. A request
//! waits a moment (`limits.figures_wait_ms`), and at most half of the workers
//! wait at a time, so that pages which only read are served meanwhile; after
//! that the client is told to come back ([`ResultsError::NotReady`]) while the
//! computation goes on. A result belongs to one state of the store, rulebook,
//! registry and units. When archives have been loaded since, it is computed
//! again; meanwhile one not older than `limits.figures_stale_ms` is given.
//! After any other change (a hold, a voided submission, new rules) an old
//! result is never given again. Memory is bounded by `limits.figures_mib`.

mod cache;
mod compute;
mod error;
mod key;
mod lookup;
mod source;
mod worker;

pub use cache::ResultCache;
pub use error::ResultsError;
pub use key::RoundResult;
pub use lookup::{ResultReader, definition};
pub use source::ResultSource;
pub use worker::start;

#[cfg(test)]
mod tests;
