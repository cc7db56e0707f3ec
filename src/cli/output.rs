//! What a command writes for people and programs, and what came of it.

use std::io::Write as _;

use clap::ValueEnum;

use crate::printable;

/// What a command has to say besides its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// All well.
    Good,
    /// The input fell short.
    Short,
}

/// Language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Thai.
    Th,
    /// English.
    En,
}

/// Writes a line to standard output. What acts on a terminal is shown, but for
/// ends of lines: a name of which nothing is known goes through
/// [`printable::line`] before.
pub fn say(text: impl AsRef<str>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(printable::lines(text.as_ref()).as_bytes())?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A path as people may be shown it, on one line.
pub fn shown(path: &std::path::Path) -> String {
    printable::line(&path.to_string_lossy()).into_owned()
}

/// Writes a JSON document to standard output.
pub fn say_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    say(printable::json(&serde_json::to_string_pretty(value)?))
}
