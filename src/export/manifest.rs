//! What an export says of itself: what it is of, what it rests on, and the
//! hash of every file.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file in every export, written last.
pub const FILE: &str = "manifest.json";

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileLine {
    /// File name within the folder of the export.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its hash.
    pub sha256: String,
}

/// What an export says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the export.
    pub export: String,
    /// The time of its schedule that it answers; none when run by hand.
    pub due: Option<DateTime<FixedOffset>>,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// By which version of the program.
    pub khlang: String,
    /// The language of what people read.
    pub lang: String,
    /// The data are those up to this submission.
    pub as_of_submission: i64,
    /// Periods, in the years of the KPIs that it holds.
    pub periods: Vec<String>,
    /// Level at which KPIs were counted.
    pub level: Option<String>,
    /// Region of a report.
    pub region: Option<String>,
    /// Versions of the KPIs, which are hashes of definition and query.
    pub kpis: BTreeMap<String, String>,
    /// Report and version of its layout.
    pub report: Option<(String, String)>,
    /// Rulebooks in force when it was made: round, hash.
    pub rulebooks: BTreeMap<i32, String>,
    /// What has no public source, by KPI.
    pub local_defaults: BTreeMap<String, Vec<String>>,
    /// KPIs of which the data cannot say, and why.
    pub not_computable: BTreeMap<String, String>,
    /// The files.
    pub files: Vec<FileLine>,
}

impl Manifest {
    /// Puts the files on record.
    pub(super) fn add_files(&mut self, files: &[(String, Vec<u8>)]) {
        self.files.extend(files.iter().map(|(name, bytes)| FileLine {
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        }));
    }

    /// As the bytes of the file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// The hash of bytes, as `sha256sum` prints it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    crate::files::hex(&Sha256::digest(bytes))
}
