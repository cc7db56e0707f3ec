//! Rows that a destination refused and that were accepted here, taken back on
//! record so that the corrected row can be sent. Nothing does it by itself.

use super::layout::RepLayout;
use super::{RepError, Result};
use crate::environment::Environment;
use crate::store::{FreeOf, FreedRows, Store};
use crate::text::message;

/// What is to be freed.
#[derive(Debug, Clone, Copy)]
pub struct FreeRequest<'a> {
    /// The file that says that rows were refused.
    pub rep: i64,
    /// Only those of this kind of record.
    pub record: Option<&'a str>,
    /// Who frees them.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When, RFC 3339.
    pub at: &'a str,
}

/// Whether a code says that the destination has the row already, by the
/// endings that a layout names.
pub fn duplicate(layout: &RepLayout, code: &str) -> bool {
    let code = code.trim();
    layout.duplicate.iter().any(|ending| {
        code.len() >= ending.len()
            && code.get(code.len() - ending.len()..).is_some_and(|end| end == ending)
    })
}

impl FreeRequest<'_> {
    /// Frees the rows.
    ///
    /// # Errors
    /// Refused without a reason, and where nothing can be freed; else errors of the database.
    pub fn run(
        &self,
        environment: &Environment,
        store: &mut Store,
        layout: &RepLayout,
    ) -> Result<FreedRows> {
        if self.reason.trim().is_empty() {
            return Err(RepError::Refused(message("rep.no_reason")));
        }
        let of = FreeOf {
            rep: self.rep,
            record: self.record,
            duplicate: &|code| duplicate(layout, code),
            by: self.by,
            reason: self.reason.trim(),
            at: self.at,
        };
        Ok(store.free_rows(&environment.catalog, &of)?)
    }
}
