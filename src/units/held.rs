//! A list of units that is held back, and how a change of the files is seen.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::files::sync_folder;
use crate::text::{Bilingual, message, message_with};

/// The province's own list, below the data folder.
pub(super) const OWN: &str = "units.csv";

/// The last list that was put in force, below the data folder.
pub(super) const KEPT: &str = "units.in-force.csv";

/// Codes that a text names before it says "and others".
const NAMED: usize = 10;

/// Why a list is not put in force by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// There is no list any more.
    Missing,
    /// It cannot be read, or has a mistake.
    Unreadable,
    /// It has no unit.
    Empty,
    /// Its last line has no end, and it lacks what the list before had.
    Cut,
    /// It lacks units that have submissions.
    DropsUnits,
}

/// A unit that the list in force has and the one held back has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dropped {
    /// Its code.
    pub hcode: String,
    /// Its name.
    pub name: String,
    /// What it has sent; null when the database does not say.
    pub submissions: Option<u64>,
}

/// A list that is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// Why.
    pub why: HoldReason,
    /// Name of its file.
    pub file: String,
    /// What is wrong with it, where it cannot be read.
    pub detail: Option<String>,
    /// Units in the list that stays in force.
    pub in_force: usize,
    /// Units in this one; none where it cannot be read.
    pub units: Option<usize>,
    /// Units with submissions that it lacks, by code.
    pub dropped: Vec<Dropped>,
    /// All of this in Thai.
    pub th: String,
    /// All of this in English.
    pub en: String,
    /// The list as text, where it can be read: what is accepted.
    #[serde(skip)]
    text: Option<String>,
}

/// What tells that a file is another one than before.
type FileMark = (i64, i64, i64, i64, u64, u64);

/// The state of the files that say which list is in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListStamp {
    source: Option<FileMark>,
    kept: Option<FileMark>,
}

impl ListStamp {
    /// As the files are now.
    pub fn now(data: &Path, configured: &Path) -> Self {
        let own = mark(&data.join(OWN));
        Self { source: own.or_else(|| mark(configured)), kept: mark(&data.join(KEPT)) }
    }

    /// Whether the list is to be read again. Which list was kept last matters
    /// only while another one is held back.
    pub fn is_other(&self, before: &Self, held: bool) -> bool {
        self.source != before.source || held && self.kept != before.kept
    }
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// None where there is no such file; a mark of its own where it cannot be
/// looked at.
fn mark(path: &Path) -> Option<FileMark> {
    let meta = match path.metadata() {
        Ok(meta) => meta,
        Err(error) if is_missing(&error) => return None,
        Err(_) => return Some((-1, -1, -1, -1, 0, 0)),
    };
    let (changed, moved) = (meta.mtime(), meta.ctime());
    Some((changed, meta.mtime_nsec(), moved, meta.ctime_nsec(), meta.len(), meta.ino()))
}

impl Held {
    /// Whether somebody may put it in force: what cannot be read has nothing
    /// in it that could be.
    pub fn can_be_accepted(&self) -> bool {
        self.text.is_some()
    }

    /// Puts it in force.
    ///
    /// # Errors
    /// Errors of the file system, such as a full disk or a folder that may not be
    /// written.
    pub fn accept(&self, data: &Path) -> io::Result<()> {
        let text = self.text.as_ref().ok_or_else(|| io::Error::other(self.en.clone()))?;
        write_kept(data, text)
    }

    /// `in_force` is how many units the list has that stays; `read` is the one held
    /// back, where it could be read, with how many units it has.
    pub(super) fn new(
        why: HoldReason,
        path: &Path,
        in_force: usize,
        detail: Option<String>,
        read: Option<(String, usize)>,
        dropped: Vec<Dropped>,
    ) -> Self {
        let (text, units) = read.unzip();
        let mut held = Self {
            why,
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            detail,
            in_force,
            units,
            dropped,
            th: String::new(),
            en: String::new(),
            text,
        };
        Bilingual { th: held.th, en: held.en } = held.message();
        held
    }

    /// What people are told.
    fn message(&self) -> Bilingual {
        let Self { file, in_force, .. } = self;
        let detail = self.detail.as_deref().unwrap_or_default();
        let key = match self.why {
            HoldReason::Missing => "units.gone",
            HoldReason::Unreadable => "units.unreadable",
            HoldReason::Empty => "units.empty",
            HoldReason::Cut => "units.cut",
            HoldReason::DropsUnits => "units.drops_units",
        };
        let mut parts = vec![message_with(key, &[("file", file), ("detail", &detail)])];
        if !self.dropped.is_empty() {
            let named: Vec<&str> =
                self.dropped.iter().take(NAMED).map(|unit| unit.hcode.as_str()).collect();
            let more = if self.dropped.len() > NAMED { ", …" } else { "" };
            let (count, named) = (self.dropped.len(), named.join(", "));
            let values: [(&str, &dyn Display); 3] =
                [("count", &count), ("named", &named), ("more", &more)];
            parts.push(message_with("units.missing", &values));
        }
        parts.push(message_with("units.not_in_force", &[("in_force", in_force)]));
        if self.can_be_accepted() {
            parts.push(message("units.or_accept"));
        }
        Bilingual {
            th: parts.iter().map(|part| part.th.as_str()).collect(),
            en: parts.iter().map(|part| part.en.as_str()).collect(),
        }
    }
}

/// Writes the last good list whole. Programs that start at once may do so at
/// the same time, each under a temporary name of its own.
pub(super) fn write_kept(data: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".units-").tempfile_in(data)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(data.join(KEPT)).map_err(|error| error.error)?;
    sync_folder(data)
}
