//! What is to be loaded, and where its original goes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use crate::archive::Seal;
use crate::environment::Environment;
use crate::submission::Status;

/// An archive that is to be loaded.
#[derive(Clone)]
pub struct LoadRequest {
    /// What it is validated by.
    pub environment: Arc<Environment>,
    /// Where it lies.
    pub path: PathBuf,
    /// Its name as sent.
    pub name: String,
    /// The number of its submission; none when it is only checked.
    pub id: Option<i64>,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// What the file looked like when it was read.
    pub seal: Arc<Seal>,
    /// When it is being loaded.
    pub now: DateTime<FixedOffset>,
    /// Told the inflated bytes that have been read.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// Where the original may lie, by outcome. The first place that is promised to
/// no other submission is taken.
pub type PlaceOf<'a> = &'a dyn Fn(Status) -> Option<CandidatePaths<'a>>;

/// What is done before an archive is read, on the thread that validates it.
pub type Prepare = Box<dyn FnOnce() -> std::io::Result<()> + Send>;

/// Places below the data folder, the best first.
pub type CandidatePaths<'a> = Box<dyn Iterator<Item = String> + 'a>;
