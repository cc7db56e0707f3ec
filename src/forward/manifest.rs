//! What a folder says of itself: to programs, and to whoever uploads it.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::plan::WaitReason;
use crate::report::csv::table;
use crate::store::{ForwardArchive, ForwardCandidate};
use crate::units::Units;

/// The file for programs, written last.
pub(super) const JSON: &str = "manifest.json";

/// The file for people.
pub(super) const CSV: &str = "manifest.csv";

/// Rows that cannot be sent yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// HCODE of the unit that sent them.
    pub hcode: String,
    /// The submission.
    pub submission: i64,
    /// Their file.
    pub file: String,
    /// How many.
    pub rows: u64,
    /// The file that a destination takes only together with it (M06).
    pub needs: String,
    /// Why it did not go with what was there of that.
    pub why: WaitReason,
}

/// A submission whose original cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// HCODE of the unit that sent it.
    pub hcode: String,
    /// The submission.
    pub submission: i64,
    /// Its name as received.
    pub archive: String,
    /// What is wrong.
    pub why: String,
}

/// What a folder says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct ForwardManifest<'a> {
    /// The destination.
    pub destination: &'a str,
    /// Number of the batch.
    pub batch: i64,
    /// The batch whose archives these are again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_of: Option<i64>,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// By which version of the program.
    pub khlang: &'static str,
    /// The archives.
    pub archives: &'a [ForwardArchive],
    /// The submissions of which rows are in them.
    pub submissions: Vec<SourceLine<'a>>,
    /// What had to wait.
    pub waiting: &'a [Waiting],
    /// What could not be read.
    pub failed: &'a [Failed],
}

/// A submission of which rows are sent.
#[derive(Debug, Clone, Serialize)]
pub struct SourceLine<'a> {
    /// Its number.
    pub submission: i64,
    /// Its name as received.
    pub archive: &'a str,
    /// When it was received, RFC 3339.
    pub received_at: &'a str,
}

impl<'a> From<&'a ForwardCandidate> for SourceLine<'a> {
    fn from(candidate: &'a ForwardCandidate) -> Self {
        let ForwardCandidate { id, archive, received_at, .. } = candidate;
        Self { submission: *id, archive, received_at }
    }
}

impl ForwardManifest<'_> {
    /// As the bytes of the file for programs.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The list for whoever uploads: one archive a line, with a mark by which
    /// spreadsheets know UTF-8.
    pub(super) fn csv(&self, units: &Units) -> Vec<u8> {
        let header = ["archive", "hcode", "unit", "rows", "bytes", "sha256"];
        let rows = self.archives.iter().map(|archive| {
            let unit = units.by_code.get(&archive.hcode).map_or("", |unit| unit.name.as_str());
            [
                archive.name.as_str().into(),
                archive.hcode.as_str().into(),
                unit.into(),
                archive.rows.to_string().into(),
                archive.bytes.to_string().into(),
                Cow::from(archive.sha256.as_str()),
            ]
        });
        table(&header, rows)
    }
}
