//! What rows are validated against, and the outcome for a member.

use rustc_hash::{FxHashMap, FxHashSet};

use super::blanks::Blanks;
use super::compiled_layout::CodeAt;
use super::person::PersonContext;

/// What the rows of an archive are validated against.
pub struct Context<'a> {
    /// Day of sending, `YYYYMMDD`.
    pub sent_day: i64,
    /// A record is on time when sent within so many days of its event.
    pub on_time_days: i64,
    /// Words that stand for nothing.
    pub blanks: &'a Blanks,
    /// Units that exist.
    pub units: &'a FxHashSet<String>,
    /// Units that the sender may send for.
    pub may_send: &'a FxHashSet<String>,
    /// Who is in PERSON.
    pub persons: PersonContext<'a>,
    /// False when there is no store to answer for PERSON.
    pub store_answers: bool,
    /// Errors kept per code.
    pub kept: u64,
    /// Warnings kept per code.
    pub warnings_kept: u64,
    /// Findings that may still be kept, of whatever code.
    pub left: u64,
}

/// One finding in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Position in [`CompiledLayout::codes`].
    pub code: CodeAt,
    /// Line in the member as sent.
    pub line: u32,
    /// Position in [`CompiledLayout::columns`], when it is about a field.
    pub column: Option<usize>,
    /// The offending value, as sent.
    pub value: String,
    /// The key of the row, its parts joined by `|`.
    pub key: String,
}

/// The outcome of validating a member's rows.
#[derive(Debug, Default)]
pub struct ValidationOutcome {
    /// Rows validated.
    pub rows: u64,
    /// How often each code was given, exactly.
    pub totals: Vec<u64>,
    /// The first findings of each code.
    pub findings: Vec<Finding>,
    /// Rejected rows by month of event.
    pub rejected: FxHashMap<u32, u64>,
    /// Links to PERSON that only a store could answer.
    pub links_unchecked: u64,
}
