//! The application behind the HTTP interface: the state that the daemon and
//! the request workers share, results that take long to compute, what of a
//! result somebody may see, and the counters of a running program.
//!
//! Nothing here knows HTTP: failures have enums of their own ([`ResultsError`])
//! that are turned into problems once, at the edge (`http::problem`).

pub mod environment;
mod forward_status;
pub mod inbox_status;
pub mod metrics;
pub mod redaction;
pub mod results;
mod state;

pub use environment::LiveEnvironment;
pub use forward_status::{ForwardState, ForwardStatusCache};
pub use inbox_status::{BlockedFile, IgnoredFile, InboxStatus, LoadingArchive, WaitingArchive};
pub use metrics::Metrics;
pub use results::{ResultCache, ResultReader, ResultsError};
pub use state::{AppState, Heartbeat};
