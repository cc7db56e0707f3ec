//! What came back from destinations: files, what they say of rows, money that
//! was received, and rows that were freed. A line is never changed (the
//! tables' own triggers see to it).

mod find;
mod free;
mod prove;
mod read;
mod rows;
mod write;

use schemars::JsonSchema;
use serde::Serialize;

pub use find::{FreedKey, RowFinder, RowPlace, RowsByKey, SentPart};
pub(super) use free::freed_of;
pub use free::{FreeOf, FreedRows, KeptRow};
pub use read::{CodeBeside, RepFilter, RepRowLine, RepSum};
pub use write::{NewRep, NewRepRow, NewStatementLine};

/// A file that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepLine {
    /// Its number.
    pub rep: i64,
    /// Who answered.
    pub destination: String,
    /// `rows` or `statement`.
    pub kind: String,
    /// The layout it was read by.
    pub layout: String,
    /// Whether that layout was proven on real files; one that was not may have
    /// been misread.
    pub proven: bool,
    /// Its name as given.
    pub file: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// When it was imported, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub imported_at: String,
    /// By whom.
    pub by: String,
    /// Lines with data; for one unit or main unit, of theirs.
    pub rows: u64,
    /// Refused among them.
    pub refused: u64,
    /// Of which nobody knows whose row they are.
    pub unmatched: u64,
    /// Rows that were freed since because of it.
    pub freed: u64,
}

/// Money that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatementLine {
    /// The file that told it.
    pub rep: i64,
    /// Line in that file.
    pub at: u64,
    /// The round, B.E.
    pub round: i64,
    /// `quarter`, `tranche` or `support`.
    pub part: String,
    /// Number of the quarter or tranche; blank for support.
    pub period: String,
    /// The main unit.
    pub cup: String,
    /// The unit; blank when it is not told.
    pub hcode: String,
    /// Satang.
    #[serde(skip)]
    pub amount: i64,
    /// Number of the document.
    pub document: String,
    /// Day of the payment, `YYYYMMDD`.
    pub paid_on: Option<i64>,
}
