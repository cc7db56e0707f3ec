//! Forms in which numbers and findings leave the house.
//!
//! A [`Document`] is what a report says; [`Format`] is how it is written. The
//! same document, language and time give the same bytes.

pub mod chart;
pub mod csv;
mod document;
pub mod findings;
pub mod html;
pub mod json;
pub mod prose;
pub mod table;
pub mod words;
pub mod xlsx;

pub use document::{Document, Format, Part};
pub use prose::Prose;
pub use table::{Cell, Column, Kind, Table};
pub use words::{Lang, Words};

/// Trouble with writing a document; never a matter of its values.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A page could not be made.
    #[error("HTML: {0}")]
    Html(#[from] minijinja::Error),
    /// A workbook could not be made.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}
