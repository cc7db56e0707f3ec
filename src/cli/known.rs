//! Names that a command is given: what is not known is an error that tells
//! the nearest known one, and never an empty table.

use std::fmt::Display;

use super::context::CommandContext;
use crate::spelling::nearest;
use crate::store::Reader;
use crate::text::{message_with, text};
use crate::units::Units;

/// An error about a name that is not known; `kind` is the key of the text that
/// says what it should name.
pub fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> anyhow::Error {
    let kind = text(kind);
    let mut values: Vec<(&str, &dyn Display)> =
        vec![("th", &kind.th), ("en", &kind.en), ("name", &name)];
    let near = nearest(name, known);
    let key = if near.is_some() { "cli.did_you_mean" } else { "cli.there_is_no" };
    values.extend(near.as_ref().map(|near| ("near", near as &dyn Display)));
    anyhow::anyhow!(message_with(key, &values).both())
}

/// A unit of the list in force, by its code in any case.
pub fn unit(units: &Units, code: &str) -> anyhow::Result<String> {
    let wanted = code.trim().to_ascii_uppercase();
    if units.knows(&wanted) {
        return Ok(wanted);
    }
    let known = units.by_code.keys().map(String::as_str);
    Err(unknown("noun.unit", code, known))
}

/// The same, or one that is in the list no more and has sent something.
pub fn unit_or_sender(reader: &Reader, units: &Units, code: &str) -> anyhow::Result<String> {
    let wanted = code.trim().to_ascii_uppercase();
    if reader.has_sent(&wanted)? { Ok(wanted) } else { unit(units, code) }
}

/// An optional one, with the list of the context.
pub fn optional_unit(
    context: &CommandContext,
    reader: &Reader,
    code: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let Some(code) = code else { return Ok(None) };
    let units = context.units(&context.config()?)?;
    unit_or_sender(reader, &units, code).map(Some)
}

/// The id of an audit rule that is there.
pub fn rule_id(library: &crate::audit::RuleLibrary, id: &str) -> anyhow::Result<String> {
    let wanted = id.to_ascii_lowercase();
    if library.rules.contains_key(&wanted) {
        return Ok(wanted);
    }
    Err(unknown("noun.audit_rule", id, library.rules.keys().map(String::as_str)))
}
