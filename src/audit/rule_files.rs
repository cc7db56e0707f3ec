//! The files that rules and letters are made of, and what is wrong in them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::overlay::{CONFIG, SCHEMA};

/// A mistake in a rule.
#[derive(Debug, thiserror::Error)]
#[error("config/audit/{file}: {what}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// Files by name, each with whether it is the province's own.
pub(super) type RuleFiles = BTreeMap<String, (String, bool)>;

/// Folder of the rules below `config/`, and of their queries below `schema/`.
const FOLDER: &str = "audit";

/// The files that are part of the program. Of `schema/audit`, the steps of
/// cases are no rule.
pub(super) fn builtin() -> Result<RuleFiles, RuleError> {
    let mut files = RuleFiles::new();
    let folders = [
        (CONFIG.get_dir(FOLDER), "toml"),
        (SCHEMA.get_dir(FOLDER), "sql"),
        (SCHEMA.get_dir("audit/blocks"), "sql"),
        (SCHEMA.get_dir("audit/tables"), "csv"),
        (SCHEMA.get_dir("audit/letters"), "toml"),
    ];
    for (folder, ending) in folders {
        for file in folder.into_iter().flat_map(include_dir::Dir::files) {
            let path = file.path().strip_prefix(FOLDER).unwrap_or(file.path());
            let name = path.display().to_string();
            if has_ending(&name, ending) {
                let text = file.contents_utf8().ok_or_else(|| fail(&name, "not UTF-8"))?;
                files.insert(name, (text.to_owned(), false));
            }
        }
    }
    Ok(files)
}

/// Whether a file has an ending.
pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}

/// A mistake in a file.
pub(super) fn fail(file: &str, what: impl Into<String>) -> RuleError {
    RuleError { file: file.to_owned(), what: what.into() }
}
