//! Sends rows on to NHSO and the ministry [OPPP-2557 s. 28-29].
//!
//! What is written is what was received: the accepted rows of a submission,
//! byte for byte, in an archive of the same standard, each row once for each
//! destination. `DATA/exports/forward/NAME/TIME/` is made in this order:
//!
//! 1. `forward_written`: every archive is in a folder of a hidden name, with
//!    `manifest.json` last, and durable.
//! 2. `forward_recorded`: the ledger has it, in one transaction.
//! 3. `forward_noted`: the record beside the folders (`.record/NAME.sent`) has
//!    its name, durable.
//! 4. `forward_named`: it has its name, by one rename.
//!
//! Whoever takes folders away sees none that the ledger does not know. After a
//! kill the next run removes what the ledger does not have and names what it
//! has. A name of the record that the ledger does not have says that an older
//! database was restored, also when the folder was taken away.
//!
//! Files that a destination takes only together (M06) wait until the other one
//! has rows to send: a corrected row of DIAG goes with the next archive of its
//! unit that has SERVICE.

mod afterwards;
mod compose;
mod context;
mod destination;
mod folder;
mod form;
mod guard;
mod header;
mod last_run;
mod manifest;
mod name;
mod original;
mod plan;
mod record;
mod run;
mod status;
#[cfg(test)]
mod tests;
mod unit;
mod waiting;

pub use afterwards::{adopt, again, confirm};
pub use context::ForwardContext;
pub use destination::{Destination, destinations};
pub use guard::NotBegun;
pub use header::files_with_header;
pub use manifest::{Failed, ForwardManifest, Waiting};
pub use plan::WaitReason;
pub use run::{Asked, ForwardOutcome, SentBatch, run};
pub use status::{ForwardStatus, StatusContext, status};
pub use waiting::{WaitingFile, WhyWaiting};

use crate::files::FileError;
use crate::store::StoreError;

/// Why nothing was forwarded.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// A file or folder failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request cannot be carried out; the text says why.
    #[error("{0}")]
    Refused(String),
}

/// Result of a step of forwarding.
pub type Result<T> = std::result::Result<T, ForwardError>;
