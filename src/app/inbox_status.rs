//! What the inbox is doing at this moment, as pages, API and metrics tell it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::inbox::QueuePlace;

/// What the inbox is doing, as the daemon last published it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InboxStatus {
    /// The first archives that wait, in the order in which they will be taken.
    pub waiting: Vec<WaitingArchive>,
    /// Number of waiting archives in all.
    pub waiting_total: usize,
    /// When the longest-waiting archive was first seen, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub oldest: Option<String>,
    /// The archive that is being loaded, if any.
    pub loading: Option<LoadingArchive>,
    /// The first of the files that cannot be taken until their permissions are
    /// changed.
    pub blocked: Vec<BlockedFile>,
    /// Number of blocked files in all.
    pub blocked_total: usize,
    /// Files that are not archives, with the reason why they are left alone.
    pub ignored: Vec<IgnoredFile>,
    /// A failure of this program that keeps archives waiting.
    pub trouble: Option<String>,
    /// When the folder was last scanned, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last_scan: Option<String>,
    /// All waiting archives, by the HCODE in their names.
    #[serde(skip)]
    pub queues: BTreeMap<Option<String>, BTreeMap<QueuePlace, WaitingArchive>>,
}

impl InboxStatus {
    /// Number of archives that wait, of all units.
    pub fn waiting(&self) -> usize {
        self.waiting_total.max(self.waiting.len())
    }

    /// Puts what waits at a place there, or takes it away.
    pub fn put(&mut self, place: QueuePlace, waiting: Option<WaitingArchive>) {
        let hcode = place.hcode.clone();
        let queue = self.queues.entry(hcode.clone()).or_default();
        match waiting {
            Some(waiting) => drop(queue.insert(place, waiting)),
            None => drop(queue.remove(&place)),
        }
        if queue.is_empty() {
            self.queues.remove(&hcode);
        }
    }
}

/// A file, or a folder of the inbox, that cannot be taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BlockedFile {
    /// Path below the inbox.
    pub path: String,
    /// HCODE in its name.
    pub hcode: Option<String>,
    /// Owner of the file or folder in the way, `user:group`.
    pub owner: String,
    /// Its mode, octal.
    pub mode: String,
    /// Later archives of its unit that wait for it.
    pub behind: usize,
    /// What is wrong and what to do, in Thai.
    pub th: String,
    /// The same, in English.
    pub en: String,
}

/// An archive that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaitingArchive {
    /// File name.
    pub name: String,
    /// HCODE in its name.
    pub hcode: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was first seen, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub since: String,
    /// It may still be growing.
    pub settling: bool,
}

/// The archive that is being loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LoadingArchive {
    /// Submission id.
    pub id: i64,
    /// File name.
    pub name: String,
    /// HCODE in its name.
    pub hcode: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// When loading began, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub since: String,
    /// Inflated bytes read so far.
    pub inflated_bytes: u64,
}

/// A file in the inbox that is left where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IgnoredFile {
    /// Path below the inbox.
    pub path: String,
    /// Why.
    pub reason: String,
}
