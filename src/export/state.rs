//! What is on record of a schedule: since when it is watched, and which time
//! of it was last seen to.

use std::path::Path;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::{Result, folder};
use crate::files::{FileError, make_folder, write_whole};

/// The file in an export's folder; hidden, because it is no export.
const FILE: &str = ".schedule.json";

/// What is on record of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The schedule as written.
    pub schedule: String,
    /// Since when it is watched.
    pub since: DateTime<FixedOffset>,
    /// The last time of it that was seen to.
    pub done: Option<DateTime<FixedOffset>>,
}

/// The past of an export's schedule. One that is new, or was changed, is
/// watched from now on: it has missed nothing.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
pub fn past(
    data: &Path,
    name: &str,
    schedule: &str,
    now: DateTime<FixedOffset>,
) -> Result<ScheduleState> {
    let home = folder::home(data, name);
    make_folder(&home, 0o700).map_err(FileError::about(home.display()))?;
    if let Some(state) = known_past(data, name, schedule)? {
        return Ok(state);
    }
    let mut state = ScheduleState { schedule: schedule.to_owned(), since: now, done: None };
    write(&home, &state)?;
    state.done = answered(&home)?;
    Ok(state)
}

/// The past of an export's schedule, if it is watched.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
pub fn known_past(data: &Path, name: &str, schedule: &str) -> Result<Option<ScheduleState>> {
    let home = folder::home(data, name);
    let Some(mut state) = read(&home).filter(|state| state.schedule == schedule) else {
        return Ok(None);
    };
    // A kill between naming the folder and writing the state leaves the
    // folder's own word.
    state.done = state.done.into_iter().chain(answered(&home)?).max();
    Ok(Some(state))
}

/// The last time of the schedule that a folder answers.
fn answered(home: &Path) -> Result<Option<DateTime<FixedOffset>>> {
    Ok(folder::made(home)?.into_iter().filter_map(|made| made.manifest.due).max())
}

/// Puts on record that a time of a schedule has been seen to.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
pub fn seen_to(data: &Path, name: &str, due: DateTime<FixedOffset>) -> Result<()> {
    record_due(&folder::home(data, name), due)
}

/// The same, by the folder.
pub(super) fn record_due(home: &Path, due: DateTime<FixedOffset>) -> Result<()> {
    let Some(mut state) = read(home) else { return Ok(()) };
    state.done = state.done.into_iter().chain([due]).max();
    write(home, &state)
}

fn read(home: &Path) -> Option<ScheduleState> {
    // A file that cannot be read is as good as none: it is written anew, and
    // the folders still say what was made.
    serde_json::from_slice(&std::fs::read(home.join(FILE)).ok()?).ok()
}

fn write(home: &Path, state: &ScheduleState) -> Result<()> {
    let path = home.join(FILE);
    let text = serde_json::to_vec(state).unwrap_or_default();
    Ok(write_whole(&path, &text).map_err(FileError::about(path.display()))?)
}
