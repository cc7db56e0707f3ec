//! Claims an archive: a numbered folder in `work/`, and a rename into it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{DateTime, FixedOffset};

use super::folders::Folders;
use super::index::FileStamp;
use super::numbers::{LastNumber, lock, make_numbered};
use super::private_copy::{COPY, copy};
use super::uploads::{MARK, MARK_PART, Uploads};
use crate::archive::Seal;
use crate::files::rename_durably;
use crate::store::StoreError;

/// A claimed archive. While this lives no other process takes it up.
#[derive(Debug)]
pub struct Claimed {
    /// The number of its submission.
    pub id: i64,
    /// Its folder in `work/`.
    pub folder: PathBuf,
    /// Where it lies.
    pub path: PathBuf,
    /// Its name as sent.
    pub name: String,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// Nobody else has ever had it open: we have written it ourselves.
    pub(super) ours: Arc<AtomicBool>,
    /// What it looked like when it was validated; nothing after a kill.
    pub(super) seal: Arc<Seal>,
    /// The lock on the folder; let go of when dropped, also by a kill.
    _lock: File,
}

/// Renames a file of the inbox into a numbered folder of its own: the one that
/// was promised to it, if it came by HTTP. None when it is gone, or is not what
/// it looked like, `seen`, any more: then it has to settle again.
///
/// # Errors
/// Errors of the file system and of the promises of uploads; the file is then still in
/// the inbox or in its folder of `work/`.
pub fn claim(
    folders: &Folders,
    uploads: &Uploads,
    (path, seen): (&Path, FileStamp),
    last: LastNumber,
    now: DateTime<FixedOffset>,
) -> Result<Option<Claimed>, StoreError> {
    if !is_plain_file(path) {
        return Ok(None);
    }
    let mut held = uploads.hold();
    let promised = held.take(path)?;
    let was_promised = promised.is_some();
    let (id, folder, lock) = promised.map_or_else(|| make_numbered(folders, last), Ok)?;
    let ours = Arc::new(AtomicBool::new(was_promised && held.is_ours(id, path)));
    // Nothing was moved: the number is free again, unless it was promised.
    let give_up = || if was_promised { Ok(()) } else { fs::remove_dir(&folder) };
    crate::crash_point("made_folder");
    let name = path.file_name().unwrap_or_default();
    let to = folder.join(name);
    if let Err(error) = rename_durably(path, &to) {
        if !crate::files::is_there(&to).unwrap_or(true) {
            give_up()?;
            return if is_plain_file(path) { Err(error.into()) } else { Ok(None) };
        }
        // It is claimed; only its old folder is gone or would not be synced.
        log::warn!("claiming {}: {error}", path.to_string_lossy().escape_debug());
    }
    let meta = to.symlink_metadata()?;
    if !meta.is_file() || FileStamp::from_metadata(&meta) != seen {
        // Somebody put a link or a folder there since we looked; following it
        // would read, and change the mode of, what was never sent. Or somebody
        // still writes to it.
        rename_durably(&to, path)?;
        give_up()?;
        return Ok(None);
    }
    held.claimed(id);
    crate::crash_point("claimed");
    let name = name.to_string_lossy().into_owned();
    let (path, seal) = (to, Arc::default());
    Ok(Some(Claimed { id, folder, path, name, received_at: now, ours, seal, _lock: lock }))
}

/// Claims a copy of a file that stays where it is (`import`).
///
/// # Errors
/// Errors of the file system, such as a full disk; then nothing is left in `work/`.
pub fn claim_copy(
    folders: &Folders,
    path: &Path,
    last: LastNumber,
    now: DateTime<FixedOffset>,
) -> Result<Claimed, StoreError> {
    let name = path.file_name().unwrap_or_default();
    let (id, folder, lock) = make_numbered(folders, last)?;
    crate::crash_point("made_folder");
    let to = folder.join(name);
    if let Err(error) = copy(path, &folder, &to) {
        let _ = fs::remove_dir_all(&folder);
        return Err(error.into());
    }
    crate::crash_point("claimed");
    let (name, ours) = (name.to_string_lossy().into_owned(), Arc::new(AtomicBool::new(true)));
    let (path, seal) = (to, Arc::default());
    Ok(Claimed { id, folder, path, name, received_at: now, ours, seal, _lock: lock })
}

/// Gives up a copy that could not be loaded; its original lies where it was
/// given.
///
/// # Errors
/// Fails if the folder of the claim cannot be removed.
pub fn abandon_copy(claimed: &Claimed) -> io::Result<()> {
    fs::remove_dir_all(&claimed.folder)
}

fn is_plain_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

/// Whether somebody is at work on a claim.
pub fn is_held(folder: &Path) -> bool {
    matches!(lock(folder), Ok(None)) && folder.is_dir()
}

/// Takes up a claim that was left in `work/`: none when another process holds
/// it, or when there is no archive in it (its folder is then removed). What no
/// claim of ours looks like is an error, and is left to a person.
pub(super) fn take_up(
    id: i64,
    folder: &Path,
    now: DateTime<FixedOffset>,
) -> io::Result<Option<Claimed>> {
    let odd = |what| Err(io::Error::other(format!("{}: {what}", folder.display())));
    if !folder.symlink_metadata()?.is_dir() {
        return odd("is no folder");
    }
    let Some(lock) = lock(folder)? else { return Ok(None) };
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == COPY || name == MARK_PART) {
            // A copy or a mark that was cut off; its original lies where it was given.
            fs::remove_file(&path)?;
        } else if path.file_name().is_none_or(|name| name != MARK) {
            archives.push(path);
        }
    }
    let path = match archives.pop() {
        None => {
            fs::remove_dir(folder)?;
            return Ok(None);
        }
        Some(_) if !archives.is_empty() => return odd("holds more than one archive"),
        Some(path) if !is_plain_file(&path) => return odd("holds what is no plain file"),
        Some(path) => path,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (folder, ours, seal) = (folder.to_owned(), Arc::default(), Arc::default());
    Ok(Some(Claimed { id, folder, path, name, received_at: now, ours, seal, _lock: lock }))
}
