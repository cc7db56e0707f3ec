//! The store: one SQLite file with one writer and any number of read-only
//! readers, and a small one beside it with tokens and the access log. Nothing outside
//! this folder uses rusqlite.

mod access;
mod access_log;
mod audit;
mod backup;
mod change_tokens;
mod closings;
mod connection;
mod daily_totals;
mod flush;
mod forward;
mod free_space;
mod holds;
mod identity;
mod insert;
mod manifest;
mod mended;
mod migrations;
mod partial_results;
mod persons;
mod proof;
mod queries;
mod query;
mod registry;
mod rep;
mod reported;
mod restore;
mod row_filter;
mod sent;
mod submission;
mod submission_writer;
mod tables;
mod temp_tables;
mod unit_history;
mod verify;
mod visits;
mod void_submission;

pub use access::{AccessStore, FoundToken, NewToken, TokenLine};
pub use access_log::{AccessEntry, AccessLine, Action};
pub use audit::{
    AuditCase, AuditEvent, AuditFact, AuditHold, AuditTurn, HeldFor, HoldChange, NamedCase,
    NewEvent, NewRun, StepWriter,
};
pub use backup::{BackupSummary, may_write, sweep};
pub use change_tokens::ChangeTokens;
pub use closings::{
    Closing, Paid, PaidCorrection, PaidCup, PaidItem, PaidOn, PaidPool, PaidUnit, PartKind, PartOf,
    PayTurn,
};
pub use connection::{Opening, Reader, Snapshot, Store, stop_waiting};
pub use flush::Flusher;
pub use forward::{
    ForwardArchive, ForwardBatch, ForwardCandidate, ForwardPart, ForwardedVoid, NewForwardBatch,
};
pub use holds::{Hold, HoldAction, HoldOf};
pub use manifest::BackupContents;
pub use mended::{FindingScope, Mended, Told};
pub use partial_results::PartialResults;
pub use persons::StoredPersons;
pub use proof::{OfBackup, prove_backup};
pub use queries::{
    ListPage, Overview, Scope, SubmissionFilter, SubmissionLine, SubmissionSort, UnitSummary,
};
pub use query::{QueryRow, RawValue, SqlValue};
pub use registry::{RegistryLoading, RegistryRecord};
pub use rep::{
    CodeBeside, FreeOf, FreedKey, FreedRows, KeptRow, NewRep, NewRepRow, NewStatementLine,
    RepFilter, RepLine, RepRowLine, RepSum, RowFinder, RowPlace, RowsByKey, SentPart,
    StatementLine,
};
pub use reported::ReportedValue;
pub use restore::{RestoreRefusal, Restored, Restoring, restore, sweep_restore};
pub use row_filter::RowFilter;
pub use submission::KnownSubmission;
pub use submission_writer::{InsertedRow, SubmissionWriter};
pub use tables::{Sought, Tables, VISIT};
pub use temp_tables::TableSpec;
pub use unit_history::{FindingFilter, FindingState, UnitFinding, UnitTotals};
pub use verify::{Mismatch, VerifyReport};
pub use void_submission::Voided;

use crate::text::message_with;

/// Why the store could not do what it was asked; never the sender's fault.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An error of SQLite.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    /// A migration failed.
    #[error("migration of the database: {0}")]
    Migration(rusqlite_migration::Error),
    /// A file beside the database failed.
    #[error("{0}")]
    Io(std::io::Error),
    /// What is stored contradicts itself.
    #[error("the store contradicts itself: {0}")]
    Inconsistent(String),
    /// The request cannot be carried out; the text says why.
    #[error("{0}")]
    Refused(String),
    /// A file of another program.
    #[error("{}", message_with("store.foreign", &[("file", .0)]).both())]
    Foreign(String),
    /// A file of a newer Khlang: read by this one it would show zeros.
    #[error(
        "{}",
        message_with("store.newer", &[("file", file), ("has", has), ("knows", knows)]).both()
    )]
    Newer {
        /// The file.
        file: String,
        /// The version of its form.
        has: i64,
        /// The last one that this program knows.
        knows: i64,
    },
    /// A file that nothing has opened for writing since the program was upgraded:
    /// a query would look for tables that are not there yet.
    #[error("{}", message_with("store.older", &[("file", .0)]).both())]
    Older(String),
    /// The disk is nearly full.
    #[error(
        "{}",
        message_with("store.no_room", &[("free", free), ("least", least), ("log", log)]).both()
    )]
    NoRoom {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        least: u64,
        /// Bytes that the log of the database may need.
        log: u64,
    },
}

impl StoreError {
    /// What it says, in Thai and in English.
    pub fn texts(&self) -> (String, String) {
        let both = self.to_string();
        match both.split_once(" / ") {
            Some((en, th)) => (th.to_owned(), en.to_owned()),
            None => (both.clone(), both),
        }
    }

    /// Whether another process had it for too long.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if matches!(error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)))
    }

    /// Whether the file itself is not what a database looks like.
    fn is_damage(&self) -> bool {
        matches!(self, Self::Sqlite(error) if matches!(error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)))
    }

    /// Whether a query was stopped because its deadline had passed.
    pub fn is_deadline(&self) -> bool {
        matches!(self, Self::Sqlite(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted))
    }
}

// Display says what the cause says, so that the cause is no source beside it:
// a chain of errors would tell it twice.
macro_rules! from {
    ($($variant:ident: $error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}
from!(Sqlite: rusqlite::Error, Migration: rusqlite_migration::Error, Io: std::io::Error);

/// Result of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;

#[cfg(test)]
pub(crate) use connection::run_as_another;
#[cfg(test)]
mod tests;
