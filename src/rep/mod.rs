//! What comes back from NHSO and the ministry [OPPP-2557 s. 28-29]: which rows
//! they passed or refused (REP), and what money they paid (statements).
//!
//! | file | is |
//! |---|---|
//! | [`layout`] | layouts of files, as data |
//! | [`table`], [`header`], [`value`] | a file as lines of values, its header, what values mean |
//! | [`read`] | the lines of a file as what they tell |
//! | [`matching`] | whose row a line is about |
//! | [`import`] | a file put on record, all of it or nothing |
//! | [`free`] | rows taken back that a destination refused |
//! | [`lines`] | the lines of a file as CSV |
//! | [`letter`] | what each unit is told |
//! | [`compare`] | money received beside money allocated |

pub mod compare;
pub mod free;
pub mod header;
pub mod import;
mod keys;
pub mod layout;
pub mod letter;
pub mod lines;
pub mod matching;
pub mod read;
pub mod table;
pub mod value;

pub use compare::{ReceivedLine, compare};
pub use free::{FreeRequest, duplicate};
pub use import::{ImportContext, ImportedRep, import};
pub use layout::{LayoutError, LayoutKind, RepLayout, RepLayouts};
pub use letter::{RepLetter, all_months, letters, send, told};
pub use lines::{HEADER, cells, why};

use crate::store::StoreError;
use crate::text::Bilingual;

/// Why a file that came back was not taken, or nothing was done with it.
#[derive(Debug, thiserror::Error)]
pub enum RepError {
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
    /// A layout has a mistake.
    #[error(transparent)]
    RepLayout(#[from] LayoutError),
    /// What is asked for cannot be.
    #[error("{}", .0.both())]
    Refused(Bilingual),
    /// Values that mean nothing, with their lines.
    #[error("{0}")]
    Value(String),
    /// A document could not be written.
    #[error("{0}")]
    Report(#[from] crate::report::ReportError),
}

/// Result of a step.
pub type Result<T> = std::result::Result<T, RepError>;
