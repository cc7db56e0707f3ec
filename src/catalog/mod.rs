//! The catalogue: what `schema/` says about data, loaded and cross-checked at
//! start. It knows no SQL, no rows and no archives; everything else asks it.
//!
//! A mistake in a schema file is an error that names file and line, so that
//! whoever edits the dictionary learns of it before any sender does.

mod codes;
mod error;
mod findings;
mod raw;
mod record;
mod shapes;

use std::collections::HashMap;

pub use codes::{CodeList, CodeLists, UNKNOWN_PLACE};
pub use error::CatalogError;
use error::error;
pub use findings::{DUPLICATE, FindingText, Findings, Severity, is_duplicate};
pub use record::{
    CheckSpec, Layout, Record, RecordRole, Storage, StoredColumn, Type, VISIT_KEY, Version,
    WireColumn,
};

pub use shapes::{Shape, Shapes};

use crate::archive::Standard;
use crate::overlay::{Overlay, SCHEMA};

/// Folders of `schema/` that the catalogue reads, besides the files in it.
const FOLDERS: [&str; 2] = ["records", "codes"];

/// All facts about data.
#[derive(Debug)]
pub struct Catalog {
    /// Every kind of record, in the order of its name.
    pub records: Vec<Record>,
    /// Code lists, built in and dropped in by the user.
    pub codes: CodeLists,
    /// What codes look like, by the name of their list.
    pub shapes: Shapes,
    /// Texts and severities of every code.
    pub findings: Findings,
    files: HashMap<(Standard, String), usize>,
}

impl Catalog {
    /// The catalogue that is built into the program.
    ///
    /// # Errors
    /// A mistake in a file of `schema/`, with its place.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::load(None)
    }

    /// The built-in catalogue with the province's own code lists (`NAME.csv`,
    /// a column `code`) put over it.
    ///
    /// # Errors
    /// As [`Catalog::from_sources`], and a province's list that cannot be read.
    pub fn load(lists: Option<&Overlay>) -> Result<Self, CatalogError> {
        Self::from_sources(&shipped()?, lists)
    }

    /// Builds and cross-checks a catalogue from the texts of schema files.
    ///
    /// # Errors
    /// The first mistake in a file or between files, with file and line.
    pub fn from_sources(
        sources: &[(String, String)],
        lists: Option<&Overlay>,
    ) -> Result<Self, CatalogError> {
        let mut codes = CodeLists::default();
        let mut shapes = Shapes::default();
        let mut findings = Findings::default();
        let mut versions = raw::Versions::default();
        for (file, text) in sources {
            if let Some(name) = file.strip_prefix("codes/") {
                codes.add(file, name.trim_end_matches(".csv"), text)?;
            } else if file == "findings.csv" {
                findings = Findings::parse(file, text)?;
            } else if file == "shapes.csv" {
                shapes = Shapes::parse(file, text)?;
            } else if file == "versions.toml" {
                versions = raw::Versions::parse(file, text)?;
            }
        }
        if let Some(lists) = lists {
            let files = lists.files().map_err(|e| error("codes", 1, e.to_string()))?;
            for (_, path) in files {
                codes.add_file(&path)?;
            }
        }
        let mut records = Vec::new();
        let mut record_sources: Vec<_> =
            sources.iter().filter(|(file, _)| file.starts_with("records/")).collect();
        record_sources.sort();
        for (file, text) in record_sources {
            records.push(raw::build(file, text, (&codes, &shapes), &findings, &versions)?);
        }
        let mut files = HashMap::new();
        for (index, record) in records.iter().enumerate() {
            for layout in record.layouts() {
                files.insert((layout.standard, layout.file.clone()), index);
            }
        }
        let catalog = Self { records, codes, shapes, findings, files };
        catalog.findings.check_problems("findings.csv")?;
        catalog.check_needs()?;
        Ok(catalog)
    }

    /// The record kind and wire layout of a file, by its name in any case.
    pub fn file(&self, standard: Standard, file: &str) -> Option<(&Record, &Layout)> {
        let index = *self.files.get(&(standard, file.to_ascii_uppercase()))?;
        let record = &self.records[index];
        Some((record, record.layout(standard)?))
    }

    /// The wire layout of a file, by its name in any case.
    pub fn layout(&self, standard: Standard, file: &str) -> Option<&Layout> {
        self.file(standard, file).map(|(_, layout)| layout)
    }

    /// Every layout of a standard.
    pub fn layouts(&self, standard: Standard) -> impl Iterator<Item = &Layout> {
        self.records.iter().filter_map(move |record| record.layout(standard))
    }

    /// A record kind by name.
    pub fn record(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.name == name)
    }

    /// The file of a standard whose name is nearest to `name`.
    /// One that `name` has as a word, such as `PERSON_10953` has, goes first.
    pub fn nearest_file(&self, standard: Standard, name: &str) -> Option<&str> {
        let files = || self.layouts(standard).map(|layout| layout.file.as_str());
        let upper = name.to_ascii_uppercase();
        let is_word = |file: &&str| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            upper.match_indices(*file).any(|(at, _)| {
                edge(upper[..at].chars().next_back())
                    && edge(upper[at + file.len()..].chars().next())
            })
        };
        files()
            .filter(is_word)
            .max_by_key(|file| file.len())
            .or_else(|| crate::spelling::nearest(name, files()))
    }

    fn check_needs(&self) -> Result<(), CatalogError> {
        for record in &self.records {
            for layout in record.layouts() {
                for need in &layout.needs {
                    if self.layout(layout.standard, need).is_none() {
                        let what = format!("needs names no file of the standard: {need}");
                        return Err(error(&record.source, 1, what));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The schema files that are part of the program, by name.
fn shipped() -> Result<Vec<(String, String)>, CatalogError> {
    let inner = FOLDERS.iter().filter_map(|name| SCHEMA.get_dir(name));
    let files = inner.flat_map(include_dir::Dir::files).chain(SCHEMA.files());
    files
        .map(|file| {
            let name = file.path().display().to_string();
            let text = file.contents_utf8();
            let text = text.ok_or_else(|| error(&name, 1, "not UTF-8".to_owned()))?;
            Ok((name, text.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
