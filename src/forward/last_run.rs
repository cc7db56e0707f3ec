//! What the last run left waiting, and why: beside the ledger, for whoever asks
//! how a destination stands. It says nothing that the next run rests on.

use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::manifest::{Failed, Waiting};
use super::record::place;
use crate::clock::stamp;
use crate::files::{make_folder, open_plain, write_whole};

/// What a run left waiting.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LastRun {
    destination: String,
    /// When it ran, RFC 3339.
    at: String,
    /// Rows that could not go.
    pub(super) waiting: Vec<Waiting>,
    /// Submissions whose original could not be read.
    pub(super) failed: Vec<Failed>,
}

impl LastRun {
    /// What a run left.
    pub(super) fn new(
        destination: &str,
        now: DateTime<FixedOffset>,
        waiting: &[Waiting],
        failed: &[Failed],
    ) -> Self {
        Self {
            destination: destination.to_owned(),
            at: stamp(now),
            waiting: waiting.to_vec(),
            failed: failed.to_vec(),
        }
    }

    /// Keeps it. Without it less is told, and nothing is lost.
    pub(super) fn write(&self, data: &Path) {
        let path = place(data, &self.destination, "last.json");
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        let folder = path.parent().unwrap_or(data);
        let written = make_folder(folder, 0o700).and_then(|()| write_whole(&path, &bytes));
        if let Err(error) = written {
            log::warn!("{}: {error}", path.display());
        }
    }

    /// What the last run of a destination left; nothing when none is known.
    pub(super) fn read(data: &Path, destination: &str) -> Self {
        let mut text = String::new();
        let read = open_plain(&place(data, destination, "last.json"))
            .and_then(|mut file| file.read_to_string(&mut text));
        read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
    }
}
