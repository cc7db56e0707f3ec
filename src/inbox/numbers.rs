//! The numbered folders in `work/`: making the next one, and locking one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::folders::Folders;
use crate::files::sync_folder;
use crate::store::StoreError;

/// Tells the highest number of a committed submission.
pub type LastNumber<'a> = &'a dyn Fn() -> Result<i64, StoreError>;

/// Makes `work/ID/` with the next free number. Making a folder succeeds for
/// one process only, and who has made it holds it until its submission is
/// committed, so no number is given twice.
pub(super) fn make_numbered(
    folders: &Folders,
    last: LastNumber,
) -> Result<(i64, PathBuf, File), StoreError> {
    let mut id = last()?;
    loop {
        id += 1;
        let folder = folders.work().join(id.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error.into()),
        }
        let Some(lock) = lock(&folder)? else { continue };
        // Since we asked, another process may have committed this number and
        // let go of its folder.
        let committed = last()?;
        if id <= committed {
            fs::remove_dir(&folder)?;
            id = committed;
            continue;
        }
        sync_folder(&folders.work())?;
        return Ok((id, folder, lock));
    }
}

/// Locks a claim's folder; none when another process holds it, or has removed
/// it while we were about to hold it.
pub(super) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    };
    let file = match File::open(folder) {
        Ok(file) => file,
        Err(error) => return gone(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    let held = file.metadata()?;
    match folder.symlink_metadata() {
        Ok(now) if (now.dev(), now.ino()) == (held.dev(), held.ino()) => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(error) => gone(error),
    }
}
