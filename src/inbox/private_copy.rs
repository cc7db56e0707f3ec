//! What is stored is ours: a file that we have written ourselves, that has one
//! name, and that nobody else may open, or still has open.
//!
//! A file that was dropped may have a second name elsewhere, may belong to
//! another user, and the sender may have stopped for longer than the
//! settling time and go on later. So it is copied once it lies in `work/ID/`,
//! and the copy takes its place there by one rename: under its name lies, at
//! every instant, either all of what was given or all of the copy. The steps
//! at which tests kill the program:
//!
//! 1. `copying`: it is copied, into a file that has no name yet.
//! 2. `copied`: it is checked, and durable.
//! 3. `copy_named`: it has a name that is swept, for the moment that a rename
//!    needs one.
//! 4. `owned`: the copy has taken the place of what was given.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use rustix::process::geteuid;

use crate::files::{make_private, open_plain, sync_folder};

/// A copy that has not taken its place yet.
pub(super) const COPY: &str = ".copy.tmp";

/// Mode of what is stored.
const PRIVATE: u32 = 0o600;

/// Makes a claimed archive ours, unless `ours` says that we have written it
/// ourselves. It can be done again.
pub(super) fn make_private_copy(path: &Path, ours: &AtomicBool) -> io::Result<()> {
    let meta = path.symlink_metadata()?;
    if ours.load(Ordering::Relaxed) && meta.uid() == geteuid().as_raw() && meta.nlink() == 1 {
        // A change of mode, also to the one it has, would count as a change.
        return if meta.mode() & 0o7777 == PRIVATE { Ok(()) } else { make_private(path) };
    }
    copy(path, path.parent().unwrap_or(path), path)?;
    ours.store(true, Ordering::Relaxed);
    crate::crash_point("owned");
    Ok(())
}

/// Copies a file to a place in a folder of ours, whole and durably; what has
/// that name already is replaced. An original that changes meanwhile is an
/// error, and is copied again another time.
pub(super) fn copy(from: &Path, folder: &Path, to: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    // Only what was dropped is not to be followed: a person who imports may
    // name a link.
    let mut given =
        if from == to { File::from(open(from, flags, Mode::empty())?) } else { open_plain(from)? };
    let before = state(&given)?;
    let (mut file, named) = begin(folder)?;
    io::copy(&mut given, &mut file)?;
    crate::crash_point("copying");
    file.sync_all()?;
    let aside = folder.join(COPY);
    let after = state(&given)?;
    if after != before || file.metadata()?.len() != after.0 {
        if named {
            fs::remove_file(&aside)?;
        }
        return Err(io::Error::other("the archive changed while it was copied"));
    }
    crate::crash_point("copied");
    if !named {
        name(&file, &aside)?;
    }
    crate::crash_point("copy_named");
    fs::rename(&aside, to)?;
    sync_folder(folder)
}

/// A file of ours, without a name where the file system can do that, so that
/// nobody takes it for an archive.
fn begin(folder: &Path) -> io::Result<(File, bool)> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    if let Ok(file) = open(folder, flags, Mode::from_raw_mode(PRIVATE)) {
        return Ok((File::from(file), false));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(PRIVATE);
    Ok((options.open(folder.join(COPY))?, true))
}

/// Gives a file without a name one; what an earlier try left there is swept.
fn name(file: &File, path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, by_number, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Size, time of the last change, and of the last change of anything about it.
type FileTimes = (u64, (i64, i64), (i64, i64));

/// What changes when somebody writes to a file.
fn state(file: &File) -> io::Result<FileTimes> {
    let meta = file.metadata()?;
    let (modified, changed) =
        ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    Ok((meta.len(), modified, changed))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::files::write_whole;

    #[test]
    fn a_copy_in_place_is_another_file_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.zip"), folder.path().join("b.zip"));
        write_whole(&path, b"whole").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        fs::hard_link(&path, &other).unwrap();
        copy(&path, folder.path(), &path).unwrap();
        write_whole(&other, b"changed").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let meta = path.metadata().unwrap();
        assert_eq!((meta.nlink(), meta.mode() & 0o777), (1, 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
    }

    #[test]
    fn a_link_that_was_dropped_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(copy(&path, folder.path(), &path).is_err());
        assert!(path.is_symlink());
    }
}
