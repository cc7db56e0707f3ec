//! What every command says its answer with: the language, the exit status, and
//! standard output.

use std::io::Write;

use crate::printable;
pub use crate::text::Lang;

/// What a command has to say besides its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// All well.
    Ok,
    /// The input fell short.
    InputIncomplete,
}

/// Writes a line to standard output. What acts on a terminal is shown, but for
/// ends of lines: a name of which nothing is known goes through
/// [`printable::line`] before.
pub(super) fn print(text: impl AsRef<str>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(printable::lines(text.as_ref()).as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A path as people may be shown it, on one line.
pub(super) fn shown(path: &std::path::Path) -> String {
    printable::line(&path.to_string_lossy()).into_owned()
}

/// Writes a JSON document to standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(printable::json(&serde_json::to_string_pretty(value)?))
}
