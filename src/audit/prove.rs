//! Proves rules before they are needed: every query is run over an empty store.

use super::library::RuleLibrary;
use super::runner::{AuditInput, RuleRunner};
use super::{AuditError, AuditRule};
use crate::environment::Environment;
use crate::score::{AsOf, Rulebook};
use crate::store::{Reader, Store};

/// Runs every rule that `wanted` picks over an empty store, and tells the first
/// that cannot be run, does not give what it shows, or is about an item that
/// the rulebook does not have.
///
/// # Errors
/// Says which rule fails and why, and errors of the temporary database.
pub fn prove(
    environment: &Environment,
    book: &Rulebook,
    library: &RuleLibrary,
    wanted: impl Fn(&AuditRule) -> bool,
) -> Result<(), AuditError> {
    let rules: Vec<&AuditRule> = library.rules.values().filter(|rule| wanted(rule)).collect();
    let Some(tranche) = book.tranches.first().filter(|_| !rules.is_empty()) else { return Ok(()) };
    let folder = tempfile::tempdir().map_err(crate::store::StoreError::from)?;
    let path = folder.path().join("khlang.db");
    drop(Store::open(&path, &environment.catalog, 1)?);
    let reader = Reader::open(&path, None)?;
    let _held = reader.snapshot()?;
    let as_of = AsOf::find(&reader, None)?;
    let basis =
        AuditInput { environment, reader: &reader, book, library, as_of: &as_of, kept: None };
    let mut session = RuleRunner::new(basis)?;
    for rule in rules {
        if book.item(&rule.item).is_none() {
            let what =
                format!("audit rule {}: round {} has no item {}", rule.id, book.round, rule.item);
            return Err(AuditError::Refused(what));
        }
        session.allow()?;
        session.prove(rule, tranche)?;
    }
    Ok(())
}
