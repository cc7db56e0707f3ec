//! A file that came back, put on record: all of it, or nothing.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::layout::{LayoutKind, RepLayout};
use super::matching::Matcher;
use super::{RepError, Result, header, read, table};
use crate::environment::Environment;
use crate::store::{NewRep, NewStatementLine, Reader, Store};
use crate::text::message_with;

/// What is needed to put a file on record.
#[derive(Clone, Copy)]
pub struct ImportContext<'a> {
    /// All that validating rests on.
    pub environment: &'a Environment,
    /// The data folder.
    pub data: &'a Path,
    /// One state of the store.
    pub reader: &'a Reader,
    /// Opens the store for writing, for as long as the file is written down.
    pub store: &'a dyn Fn() -> Result<Store>,
    /// When, RFC 3339.
    pub at: &'a str,
    /// By whom.
    pub by: &'a str,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportedRep {
    /// The number of the file.
    pub rep: i64,
    /// Lines with data.
    pub rows: u64,
    /// Refused among them.
    pub refused: u64,
    /// Found by archive and line.
    pub by_line: u64,
    /// Found by their key.
    pub by_key: u64,
    /// Of which nobody knows whose row they are.
    pub unmatched: u64,
}

/// Reads a file by a layout of a kind and writes it down.
///
/// # Errors
/// A file that cannot be read, is over a limit, has no header of the layout or was
/// imported before; else errors of the database. Nothing is written then.
pub fn import(place: &ImportContext<'_>, file: &Path, layout: &RepLayout) -> Result<ImportedRep> {
    let read = table::read(file, layout, &place.environment.config.limits)?;
    // Said before all of it is looked up.
    if let Some(id) = place.reader.rep_of_sha256(&read.sha256)? {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("file", &read.name), ("id", &id)];
        return Err(RepError::Refused(message_with("rep.known", &values)));
    }
    let found = header::find(&read.sheets, layout)?;
    let new = NewRep {
        destination: &layout.destination,
        kind: layout.kind.as_str(),
        layout: &layout.id,
        proven: layout.proven,
        version: &layout.version,
        file: &read.name,
        sha256: &read.sha256,
        bytes: read.bytes,
        at: place.at,
        by: place.by,
    };
    let empty = || RepError::Refused(message_with("rep.no_lines", &[("file", &read.name)]));
    if layout.kind == LayoutKind::Statement {
        let told = read::money(&read.sheets, layout, &found)?;
        let lines: Vec<NewStatementLine> = told.into_iter().map(line_of).collect();
        if lines.is_empty() {
            return Err(empty());
        }
        let rep = (place.store)()?.record_statement(&new, &lines)?;
        let rows = lines.len() as u64;
        return Ok(ImportedRep { rep, rows, refused: 0, by_line: 0, by_key: 0, unmatched: 0 });
    }
    let told = read::rows(&read.sheets, layout, &found)?;
    if told.is_empty() {
        return Err(empty());
    }
    let _held = place.reader.snapshot()?;
    let rows = Matcher::new(place.environment, place.data, place.reader, &layout.destination)
        .rows(&told)?;
    let rep = (place.store)()?.record_rep(&new, &rows)?;
    let count = |how: &str| rows.iter().filter(|row| row.how == how).count() as u64;
    Ok(ImportedRep {
        rep,
        rows: rows.len() as u64,
        refused: rows.iter().filter(|row| !row.passed).count() as u64,
        by_line: count("line"),
        by_key: count("key"),
        unmatched: count(""),
    })
}

fn line_of(told: read::ToldMoney) -> NewStatementLine {
    NewStatementLine {
        at: told.at,
        round: told.round,
        part: told.part,
        period: told.period,
        cup: told.cup,
        hcode: told.hcode,
        amount: told.amount,
        document: told.document,
        paid_on: told.paid_on,
    }
}
