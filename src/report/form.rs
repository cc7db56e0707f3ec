//! What the file of an export format says of itself.

use chrono::{DateTime, FixedOffset};

use super::document::Document;
use super::error::ReportError;
use super::table::Table;
use crate::text::Lang;

/// Writes a document; the time is the one that it says it was made at.
pub type Write = fn(&Document, Lang, DateTime<FixedOffset>) -> Result<Vec<u8>, ReportError>;

/// An export format.
#[derive(Debug)]
pub struct Form {
    /// Its name, and the ending of its files.
    pub name: &'static str,
    /// What HTTP calls it.
    pub media_type: &'static str,
    /// Whether a terminal cannot show it.
    pub binary: bool,
    /// Writes a document into one file.
    pub write: Write,
    /// Writes a table as a file of its own, in a format that has one heading a
    /// file; such a format has no statements, which are made of many tables.
    pub table: Option<fn(&Table, Lang) -> Vec<u8>>,
}
