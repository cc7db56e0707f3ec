//! Whether a file is still the one that was read.
//!
//! Reading an archive again costs as much as hashing it, so what is stored
//! would be paid for three times: when it is validated, before the commit, and
//! before the last move. A seal saves the second and the third reading where
//! the file system itself tells that nobody has written:
//!
//! - the file is private: ours, mode 0600, with one name. Whoever could open it
//!   is this user (or root), who could write into the database as well;
//! - its place in the file system, size, mode, links and both times are those
//!   of when its hash was taken. Of the times the second, `ctime`, is set by
//!   the kernel at every write, truncation, rename, link and change of mode,
//!   and by nobody else: setting the first one back sets it too;
//! - that `ctime` was older, when reading began, than the clock of the file
//!   system is coarse: whatever is written later then has another one.
//!
//! Where one of these does not hold, the file is read again. A seal lives in
//! memory: after a kill everything is read again.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::process::geteuid;

use super::members::sha256_of;
use crate::files::open_plain;

/// Permissions of what only we may open.
const PRIVATE: u32 = 0o600;

/// How coarse the clock of a file system may be: a kernel that counts 100
/// times a second gives two writes within 10 ms the same time.
const TICK: Duration = Duration::from_millis(25);

/// The same of a file system that keeps whole seconds.
const WHOLE_SECONDS: Duration = Duration::from_secs(2);

/// What the file system tells of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    file: (u64, u64),
    bytes: u64,
    owner: (u32, u32, u64),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Look {
    fn from_metadata(meta: &Metadata) -> Self {
        Self {
            file: (meta.dev(), meta.ino()),
            bytes: meta.len(),
            owner: (meta.mode(), meta.uid(), meta.nlink()),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Whether nobody but us can have it open.
    fn is_private(&self) -> bool {
        let (mode, uid, links) = self.owner;
        mode & 0o7777 == PRIVATE && uid == geteuid().as_raw() && links == 1
    }

    /// Whether a write at `time` or later gives it another `ctime`.
    fn is_older_than(&self, time: SystemTime) -> bool {
        let (seconds, nanos) = self.changed;
        let Ok(seconds) = u64::try_from(seconds) else { return false };
        let changed = Duration::new(seconds, u32::try_from(nanos).unwrap_or(0));
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // A file system that keeps whole seconds gives the same to two writes
        // within one.
        let tick = if nanos == 0 { WHOLE_SECONDS } else { TICK };
        since.checked_sub(changed).is_some_and(|age| age > tick)
    }
}

/// The hash of a file, and what the file looked like when it was taken.
#[derive(Debug, Default)]
pub struct Seal {
    seen: Mutex<Option<(Look, String)>>,
}

impl Seal {
    /// SHA-256 of the file at `path` in lower-case hex, and its length in
    /// bytes; what the file looks like is remembered.
    ///
    /// # Errors
    /// Errors of the file system, and a path that is no plain file.
    #[allow(clippy::disallowed_methods, reason = "files have the time of the machine")]
    pub fn hash(&self, path: &Path) -> io::Result<(String, u64)> {
        self.hash_at(path, SystemTime::now())
    }

    fn hash_at(&self, path: &Path, now: SystemTime) -> io::Result<(String, u64)> {
        let mut file = open_plain(path)?;
        let before = Look::from_metadata(&file.metadata()?);
        let (hash, bytes) = sha256_of(&mut file)?;
        let stands = before == Look::from_metadata(&file.metadata()?) && bytes == before.bytes;
        let trusted = stands && before.is_private() && before.is_older_than(now);
        let seen = trusted.then(|| (before, hash.clone()));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        Ok((hash, bytes))
    }

    /// Whether the file at `path` has this hash; it is read only where it may
    /// have been written to since it was read last.
    ///
    /// # Errors
    /// Errors of the file system, and a path that is no plain file.
    pub fn holds(&self, path: &Path, hash: &str) -> io::Result<bool> {
        if self.is_unbroken(path, hash)? {
            return Ok(true);
        }
        Ok(self.hash(path)?.0 == hash)
    }

    fn is_unbroken(&self, path: &Path, hash: &str) -> io::Result<bool> {
        let now = Look::from_metadata(&path.symlink_metadata()?);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.as_ref().is_some_and(|(look, sealed)| *look == now && sealed == hash))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, OpenOptions, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::path::PathBuf;

    use super::*;

    fn private(folder: &Path) -> PathBuf {
        let path = folder.join("a.zip");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(PRIVATE).open(&path);
        file.unwrap().write_all(b"whole").unwrap();
        path
    }

    /// Read so long after it was written.
    fn later(path: &Path, age: Duration) -> SystemTime {
        let meta = path.metadata().unwrap();
        let changed = Duration::new(meta.ctime() as u64, meta.ctime_nsec() as u32);
        SystemTime::UNIX_EPOCH + changed + age
    }

    fn replace(path: &Path, bytes: &[u8]) {
        let mut file = OpenOptions::new().write(true).truncate(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    #[test]
    fn a_private_file_that_nobody_touched_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, seal) = (private(folder.path()), Seal::default());
        let (hash, bytes) = seal.hash_at(&path, later(&path, TICK * 2)).unwrap();
        assert_eq!(bytes, 5);
        assert!(seal.is_unbroken(&path, &hash).unwrap());
        assert!(!seal.is_unbroken(&path, "another").unwrap());
        assert!(seal.holds(&path, &hash).unwrap());
        assert!(!Seal::default().is_unbroken(&path, &hash).unwrap(), "nothing was read yet");
    }

    /// What somebody did to the file before it was read.
    #[test]
    fn a_file_that_others_may_open_or_that_was_just_written_is_always_read() {
        type Change = fn(&Path);
        let changes: [(&str, Change, Duration); 4] = [
            ("nothing", |_| (), TICK / 2),
            ("nothing, and the clock was set back", |_| (), Duration::ZERO),
            (
                "readable by others",
                |path| fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap(),
                TICK * 2,
            ),
            (
                "a second name",
                |path| fs::hard_link(path, path.with_extension("two")).unwrap(),
                TICK * 2,
            ),
        ];
        for (what, change, age) in changes {
            let folder = tempfile::tempdir().unwrap();
            let (path, seal) = (private(folder.path()), Seal::default());
            change(&path);
            let (hash, _) = seal.hash_at(&path, later(&path, age)).unwrap();
            assert!(!seal.is_unbroken(&path, &hash).unwrap(), "{what}");
            assert!(seal.holds(&path, &hash).unwrap(), "{what}");
        }
    }

    /// What somebody does to the file after it was read, and whether it still
    /// has its hash.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "files have the time of the machine")]
    fn whatever_is_done_to_a_sealed_file_it_is_read_again() {
        type Change = fn(&Path, SystemTime);
        let changes: [(&str, Change, bool); 6] = [
            ("written to", |path, _| replace(path, b"other"), false),
            ("longer", |path, _| replace(path, b"whole and more"), false),
            (
                "written to, and its time set back",
                |path, time| {
                    replace(path, b"other");
                    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
                },
                false,
            ),
            (
                "another file of that name",
                |path, time| {
                    let other = private(&path.parent().unwrap().join("other"));
                    replace(&other, b"other");
                    File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
                    fs::rename(other, path).unwrap();
                },
                false,
            ),
            ("the same bytes", |path, _| replace(path, b"whole"), true),
            (
                "a second name",
                |path, _| fs::hard_link(path, path.with_extension("two")).unwrap(),
                true,
            ),
        ];
        for (what, change, same) in changes {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("other")).unwrap();
            let (path, seal) = (private(folder.path()), Seal::default());
            let modified = path.metadata().unwrap().modified().unwrap();
            let written = later(&path, Duration::ZERO);
            // The clock of the file system goes on before the change.
            while SystemTime::now().duration_since(written).unwrap_or_default() <= TICK {
                std::thread::yield_now();
            }
            let (hash, _) = seal.hash(&path).unwrap();
            assert!(seal.is_unbroken(&path, &hash).unwrap(), "{what}: sealed");
            change(&path, modified);
            assert!(!seal.is_unbroken(&path, &hash).unwrap(), "{what}: is not told");
            assert_eq!(seal.holds(&path, &hash).unwrap(), same, "{what}");
        }
    }

    #[test]
    fn reading_again_seals_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, seal) = (private(folder.path()), Seal::default());
        let (hash, _) = seal.hash_at(&path, later(&path, Duration::ZERO)).unwrap();
        assert!(!seal.is_unbroken(&path, &hash).unwrap());
        seal.hash_at(&path, later(&path, TICK * 2)).unwrap();
        assert!(seal.is_unbroken(&path, &hash).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(seal.holds(&path, &hash).is_err());
    }
}
