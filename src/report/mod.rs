//! Forms in which numbers and findings leave the house.
//!
//! A [`Document`] is what a report says; [`Format`] is how it is written. The
//! same document, language and time give the same bytes.

pub mod chart;
pub mod csv;
mod document;
mod error;
pub mod findings;
mod form;
mod format;
pub mod html;
pub mod json;
pub mod prose;
pub mod table;
pub mod words;
pub mod xlsx;

pub use crate::text::{Bilingual, Lang};
pub use document::{Document, Part};
pub use error::ReportError;
pub use format::Format;
pub use prose::Prose;
pub use table::{Cell, Column, Kind, Table};

/// A text with nothing in it that acts instead of being read: control
/// characters, but for the ends of lines, and letters that turn the direction
/// of writing are made visible.
pub fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|c: char| (c.is_control() && c != '\n') || turns(c), "\u{fffd}")
}
