//! Sends rows on to NHSO and the ministry [OPPP-2557 s. 28-29].
//!
//! What is written is what was received: the accepted rows of a submission,
//! byte for byte, in an archive of the same standard, each row once for each
//! destination. `DATA/exports/forward/NAME/TIME/` is made in this order:
//!
//! 1. `forward_written`: every archive is in a folder of a hidden name, with
//!    `manifest.json` last, and durable.
//! 2. `forward_recorded`: the ledger has it, in one transaction.
//! 3. `forward_named`: it has its name, by one rename.
//!
//! Whoever takes folders away sees none that the ledger does not know. After a
//! kill the next run removes what the ledger does not have and names what it
//! has.
//!
//! Files that a destination takes only together (M06) wait until the other one
//! has rows to send: a corrected row of DIAG goes with the next archive of its
//! unit that has SERVICE.

mod afterwards;
mod compose;
mod context;
mod destination;
mod folder;
mod header;
mod manifest;
mod name;
mod original;
mod plan;
mod run;
mod status;
mod unit;

pub use afterwards::{adopt, again, confirm};
pub use context::ForwardContext;
pub use destination::{Destination, destinations};
pub use header::files_with_header;
pub use manifest::{Failed, ForwardManifest, Waiting};
pub use run::{ForwardOutcome, SentBatch, run};
pub use status::{ForwardStatus, status};

use crate::store::StoreError;

/// Why nothing was sent on.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// A file or folder failed.
    #[error("{what}: {cause}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The store failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is asked for cannot be.
    #[error("{0}")]
    Refused(String),
}

impl ForwardError {
    /// An error of the system while something was done.
    fn io(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.to_string();
        move |cause| Self::Io { what, cause }
    }
}

/// Result of a step of forwarding.
pub type Result<T> = std::result::Result<T, ForwardError>;
