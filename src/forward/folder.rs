//! Folders of archives that are sent on: made whole, named once the ledger has
//! them, and put right after a kill.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Result;
use super::record::{ROOT, SentRecord};
use crate::files::{FileError, is_there, make_folder, sync_folder};

/// Prefixes of hidden names: being made, and being removed.
const MAKING: &str = ".making-";
const ASIDE: &str = ".aside-";

/// Held while something is sent on, so that a run by hand beside the service
/// waits for its turn.
const LOCK: &str = ".lock";

/// Where a folder of a destination lies, below the data folder.
pub(super) fn place(destination: &str, name: &str) -> String {
    format!("{ROOT}/{destination}/{name}")
}

/// The name of a folder, from its place below the data folder.
pub(super) fn name_in(place: &str) -> Option<&str> {
    place.rsplit('/').next()
}

/// Waits for its turn; the turn ends when the guard is dropped.
pub(super) fn turn(data: &Path) -> Result<File> {
    let root = data.join(ROOT);
    let path = root.join(LOCK);
    let take = || {
        make_folder(&root, 0o700)?;
        let file = File::create(&path)?;
        file.set_permissions(fs::Permissions::from_mode(0o640))?;
        file.lock()?;
        Ok(file)
    };
    Ok(take().map_err(FileError::about(path.display()))?)
}

/// The folders of one destination.
pub(super) struct Home {
    path: PathBuf,
    destination: String,
    /// What is known of it beside the ledger.
    pub(super) record: SentRecord,
}

impl Home {
    /// Puts right what a kill left behind: what the ledger has gets its name,
    /// what it does not have is removed. The turn must be held.
    pub(super) fn settle(
        data: &Path,
        destination: &str,
        ledger: &BTreeSet<String>,
    ) -> Result<Self> {
        let path = data.join(ROOT).join(destination);
        let record = SentRecord::read(data, destination)?;
        let mut home = Self { path, destination: destination.to_owned(), record };
        // Also of a store that is older than the record, or whose record is lost.
        let names: Vec<&str> = ledger.iter().filter_map(|place| name_in(place)).collect();
        home.record.add_sent(&names)?;
        let settle = || {
            make_folder(&home.path, 0o700)?;
            for entry in fs::read_dir(&home.path)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some(made) = name.strip_prefix(MAKING) {
                    if ledger.contains(&place(destination, made)) {
                        log::info!("forward {destination}: {made} is finished after a stop");
                        home.rename(made)?;
                    } else {
                        log::info!("forward {destination}: {made} was not finished; removed");
                        fs::remove_dir_all(entry.path())?;
                    }
                } else if name.starts_with(ASIDE) {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            sync_folder(&home.path)
        };
        settle().map_err(FileError::about(home.path.display()))?;
        Ok(home)
    }

    /// Folders of archives that the ledger does not have, by their place below
    /// the data folder: the database is older than they are, and would send
    /// their rows again. Those that were taken away meanwhile are known by the
    /// record.
    pub(super) fn unknown(&self, ledger: &BTreeSet<String>) -> Result<Vec<String>> {
        let list = || {
            let mut unknown: Vec<String> = self
                .record
                .unknown(|name| ledger.contains(&place(&self.destination, name)))
                .iter()
                .map(|name| place(&self.destination, name))
                .collect();
            for entry in fs::read_dir(&self.path)? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                let place = place(&self.destination, &name);
                let is_ours = name.len() == 14 && name.bytes().all(|b| b.is_ascii_digit());
                if is_ours && !ledger.contains(&place) {
                    unknown.push(place);
                }
            }
            unknown.sort();
            unknown.dedup();
            Ok(unknown)
        };
        Ok(list().map_err(FileError::about(self.path.display()))?)
    }

    /// The first name from `wanted` (a time, `YYYYMMDDhhmmss`) on that was never
    /// given: its folder may have been taken away.
    pub(super) fn free_name(&self, wanted: chrono::NaiveDateTime) -> Result<String> {
        let mut time = wanted;
        loop {
            let name = time.format("%Y%m%d%H%M%S").to_string();
            let there = is_there(&self.path.join(&name));
            let there = there.map_err(FileError::about(self.path.display()))?;
            if !there && !self.record.has(&name) {
                return Ok(name);
            }
            time += chrono::Duration::seconds(1);
        }
    }

    /// Makes a folder that nobody sees yet.
    pub(super) fn begin(&self, name: &str) -> Result<PathBuf> {
        let making = self.path.join(format!("{MAKING}{name}"));
        let make = || {
            fs::create_dir(&making)?;
            fs::set_permissions(&making, fs::Permissions::from_mode(0o700))
        };
        make().map_err(FileError::about(making.display()))?;
        Ok(making)
    }

    /// Removes a folder that was begun and that the ledger will not have.
    pub(super) fn give_up(making: &Path) {
        if let Err(error) = fs::remove_dir_all(making) {
            log::warn!("{}: {error}; the next run removes it", making.display());
        }
    }

    /// Gives a folder its name, which the ledger has by now, and the record has
    /// first.
    pub(super) fn name(&mut self, name: &str) -> Result<PathBuf> {
        self.record.add_sent(&[name])?;
        crate::crash_point("forward_noted");
        let rename = || {
            self.rename(name)?;
            crate::crash_point("forward_named");
            sync_folder(&self.path)
        };
        rename().map_err(FileError::about(self.path.display()))?;
        Ok(self.path.join(name))
    }

    fn rename(&self, name: &str) -> io::Result<()> {
        fs::rename(self.path.join(format!("{MAKING}{name}")), self.path.join(name))
    }

    /// Removes the oldest of the folders given beyond so many.
    pub(super) fn keep(&self, names: &[String], keep: usize) -> Result<()> {
        let remove = |name: &String| {
            let (from, aside) = (self.path.join(name), self.path.join(format!("{ASIDE}{name}")));
            if is_there(&from)? {
                fs::rename(&from, &aside)?;
                fs::remove_dir_all(&aside)?;
            }
            Ok(())
        };
        let beyond = names.len().saturating_sub(keep);
        Ok(names[..beyond]
            .iter()
            .try_for_each(remove)
            .map_err(FileError::about(self.path.display()))?)
    }
}
