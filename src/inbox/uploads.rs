//! Archives that came by HTTP: each is told the number of its submission when
//! it comes, and waits in the inbox like any other.
//!
//! The promise is on disk before the archive is in the inbox: `work/ID/` is
//! made, which takes the number, with a mark in it that says for which file.
//! Only then is the archive renamed into the inbox, whole. Whoever claims it
//! finds the promise and uses that folder. In this order (the names are those
//! of the steps at which tests kill the program):
//!
//! 1. `upload_begun`: some of it lies in `.uploads/`, which the next start
//!    sweeps.
//! 2. `upload_whole`: all of it does, durably.
//! 3. `upload_promised`: its number is taken, and marked.
//! 4. `upload_placed`: it is in the inbox. The client is told.
//!
//! A number that was promised for what never came into the inbox, or was taken
//! out of it again, is given to nobody else.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::folders::Folders;
use super::numbers::{LastNumber, lock, make_numbered};
use crate::archive::sha256_file;
use crate::files::{is_there, rename_durably, sync_folder, write_whole};
use crate::store::StoreError;

/// The mark of a promised number, in its folder.
pub(super) const MARK: &str = ".promised.json";

/// A mark that is not whole yet, as [`write_whole`] names it.
pub(super) const MARK_PART: &str = "..promised.json.tmp";

/// An archive that came by HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// File name of the archive, as the sender gave it.
    pub name: String,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A promise as it is marked.
#[derive(Debug, Serialize, Deserialize)]
struct Promise {
    #[serde(flatten)]
    upload: Upload,
    /// The file's number in the file system, which a rename does not change.
    file: u64,
    /// It is the file that came by HTTP, and not one with the same bytes that
    /// somebody has dropped.
    #[serde(default)]
    ours: bool,
    /// It has been taken out of the inbox to be loaded.
    #[serde(skip)]
    claimed: bool,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It waits under this number.
    New(i64),
    /// It had come before, and is not done yet.
    Again(i64),
    /// Another archive of this name waits; it is not replaced.
    NameWaits,
}

/// Every promise that is not yet kept.
#[derive(Debug)]
pub struct Uploads {
    folders: Folders,
    promises: Mutex<BTreeMap<i64, Promise>>,
    /// Placed in the inbox, and not asked for yet.
    arrived: Mutex<Vec<PathBuf>>,
}

impl Uploads {
    /// Reads the promises of earlier runs, and sweeps what they left half
    /// done. Only for the one daemon of a data folder.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn open(folders: &Folders) -> io::Result<Self> {
        for entry in fs::read_dir(folders.uploads())? {
            fs::remove_file(entry?.path())?;
        }
        let mut promises = BTreeMap::new();
        for entry in fs::read_dir(folders.work())? {
            let folder = entry?.path();
            let id = folder.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
            let (Some(id), Ok(mark)) = (id, fs::read(folder.join(MARK))) else { continue };
            match serde_json::from_slice::<Promise>(&mark) {
                Ok(mut promise) => {
                    promise.claimed = exists(&folder.join(&promise.upload.name));
                    promises.insert(id, promise);
                }
                Err(error) => log::error!("{}: {error}", folder.join(MARK).display()),
            }
        }
        let (folders, promises) = (folders.clone(), Mutex::new(promises));
        Ok(Self { folders, promises, arrived: Mutex::default() })
    }

    /// Puts a whole file of `.uploads/` into the inbox, with a number of its
    /// own. `last` must tell the present, not a snapshot.
    ///
    /// # Errors
    /// Errors of the file system, such as a name that is taken, and of asking the
    /// database for the last number.
    pub fn place(
        &self,
        file: &Path,
        upload: &Upload,
        last: LastNumber,
    ) -> Result<Placed, StoreError> {
        crate::crash_point("upload_whole");
        let to = self.folders.inbox().join(&upload.name);
        // Before the lock: a large one takes its time.
        let waiting = WaitingUpload::look(&to)?;
        let mut held = self.hold();
        if let Some(id) = held.same(upload) {
            return Ok(Placed::Again(id));
        }
        if exists(&to) {
            // Somebody has dropped it by hand. The same bytes get a number.
            return match waiting {
                Some(waiting) if waiting.sha256 == upload.sha256 && waiting.stands(&to) => {
                    held.promise(upload, (waiting.file, false), last).map(|(id, _)| Placed::New(id))
                }
                _ => Ok(Placed::NameWaits),
            };
        }
        let number = fs::symlink_metadata(file)?.ino();
        let (id, _lock) = held.promise(upload, (number, true), last)?;
        crate::crash_point("upload_promised");
        match rename_new(file, &to) {
            Ok(()) => {
                crate::crash_point("upload_placed");
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(to);
                Ok(Placed::New(id))
            }
            Err(error) => {
                held.withdraw(id)?;
                match error.kind() {
                    ErrorKind::AlreadyExists => Ok(Placed::NameWaits),
                    _ => Err(error.into()),
                }
            }
        }
    }

    /// The archive that a number was promised to, while it is not done, and
    /// whether it is being loaded.
    pub fn find(&self, id: i64) -> Option<(Upload, bool)> {
        let held = self.hold();
        let promise = held.promises.get(&id).filter(|promise| held.stands(id, promise))?;
        Some((promise.upload.clone(), promise.claimed))
    }

    /// Whether a file of the inbox is one that came whole, by HTTP.
    pub fn knows(&self, path: &Path) -> bool {
        let held = self.hold();
        held.promised(path).is_some()
    }

    /// Whether a number is promised to what is still in the inbox.
    pub fn is_open(&self, id: i64) -> bool {
        self.hold().promises.get(&id).is_some_and(|promise| !promise.claimed)
    }

    /// What has come into the inbox since this was last asked.
    pub fn arrived(&self) -> Vec<PathBuf> {
        let _held = self.hold();
        std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets promises that are kept, or that cannot be kept any more; of the
    /// latter only those whose number cannot be given again.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn settle(&self, last: i64) -> io::Result<()> {
        let mut held = self.hold();
        let over: Vec<i64> = held
            .promises
            .iter()
            .filter(|(id, promise)| !held.stands(**id, promise))
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let gone = !exists(&held.folder(id));
            if gone || id <= last {
                held.withdraw(id)?;
            }
        }
        Ok(())
    }

    /// Lets nobody promise or claim meanwhile.
    pub(super) fn hold(&self) -> HeldUploads<'_> {
        let promises = self.promises.lock().unwrap_or_else(PoisonError::into_inner);
        HeldUploads { folders: &self.folders, promises }
    }
}

/// The promises, while nobody else changes them.
pub(super) struct HeldUploads<'u> {
    folders: &'u Folders,
    promises: MutexGuard<'u, BTreeMap<i64, Promise>>,
}

impl HeldUploads<'_> {
    fn folder(&self, id: i64) -> PathBuf {
        self.folders.work().join(id.to_string())
    }

    /// Whether the archive is in the inbox, or in its folder in `work/`.
    fn stands(&self, id: i64, promise: &Promise) -> bool {
        if promise.claimed {
            return exists(&self.folder(id).join(&promise.upload.name));
        }
        let waiting = self.folders.inbox().join(&promise.upload.name);
        // A folder that was copied back has files of other numbers.
        match fs::symlink_metadata(waiting) {
            Ok(meta) => meta.ino() == promise.file || meta.len() == promise.upload.bytes,
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    fn same(&self, upload: &Upload) -> Option<i64> {
        let same = |(id, promise): &(&i64, &Promise)| {
            promise.upload == *upload && self.stands(**id, promise)
        };
        self.promises.iter().find(same).map(|(id, _)| *id)
    }

    /// Takes a number and marks for whom; the one that was promised for these
    /// bytes before, if they never came into the inbox or were taken back. The
    /// lock on its folder keeps others from taking it for an empty one.
    fn promise(
        &mut self,
        upload: &Upload,
        (file, ours): (u64, bool),
        last: LastNumber,
    ) -> Result<(i64, File), StoreError> {
        let before = self.promises.iter().find(|(_, p)| !p.claimed && p.upload == *upload);
        let before = before.map(|(id, _)| (*id, self.folder(*id)));
        let before = match before {
            Some((id, folder)) => lock(&folder)?.map(|lock| (id, folder, lock)),
            None => None,
        };
        let (id, folder, lock) = before.map_or_else(|| make_numbered(self.folders, last), Ok)?;
        let promise = Promise { upload: upload.clone(), file, ours, claimed: false };
        let mark = serde_json::to_vec(&promise).map_err(io::Error::other)?;
        if let Err(error) = write_whole(&folder.join(MARK), &mark) {
            let _ = fs::remove_dir_all(&folder);
            return Err(error.into());
        }
        self.promises.insert(id, promise);
        Ok((id, lock))
    }

    fn withdraw(&mut self, id: i64) -> io::Result<()> {
        let folder = self.folder(id);
        for done in [fs::remove_file(folder.join(MARK)), fs::remove_dir(&folder)] {
            match done {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.promises.remove(&id);
        Ok(())
    }

    /// The number promised to a file of the inbox.
    fn promised(&self, path: &Path) -> Option<i64> {
        let name = path.file_name()?.to_str()?;
        let mut open = self
            .promises
            .iter()
            .filter(|(_, promise)| !promise.claimed && promise.upload.name == name)
            .peekable();
        open.peek()?;
        let meta = fs::symlink_metadata(path).ok()?;
        if path.parent()? != self.folders.inbox() || !meta.is_file() {
            return None;
        }
        let is_it = |promise: &Promise| {
            meta.len() == promise.upload.bytes
                && (meta.ino() == promise.file
                    || sha256_file(path).is_ok_and(|(sha256, _)| sha256 == promise.upload.sha256))
        };
        open.find(|(_, promise)| is_it(promise)).map(|(id, _)| *id)
    }

    /// The folder with the number promised to a file of the inbox, locked.
    pub(super) fn take(&mut self, path: &Path) -> io::Result<Option<(i64, PathBuf, File)>> {
        let Some(id) = self.promised(path) else { return Ok(None) };
        let folder = self.folder(id);
        Ok(lock(&folder)?.map(|lock| (id, folder, lock)))
    }

    /// Whether a file of the inbox is the very one that came by HTTP.
    pub(super) fn is_ours(&self, id: i64, path: &Path) -> bool {
        let promise = self.promises.get(&id).filter(|promise| promise.ours);
        promise.is_some_and(|promise| {
            fs::symlink_metadata(path).is_ok_and(|meta| meta.ino() == promise.file)
        })
    }

    /// The archive with a promised number lies in `work/`.
    pub(super) fn claimed(&mut self, id: i64) {
        if let Some(promise) = self.promises.get_mut(&id) {
            promise.claimed = true;
        }
    }
}

/// A file that waits, as it was when it was read.
struct WaitingUpload {
    sha256: String,
    file: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl WaitingUpload {
    fn look(path: &Path) -> io::Result<Option<Self>> {
        let Ok(meta) = fs::symlink_metadata(path) else { return Ok(None) };
        if !meta.is_file() {
            return Ok(None);
        }
        let sha256 = match sha256_file(path) {
            Ok((sha256, _)) => sha256,
            // It was claimed, or taken back, meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let changed = (meta.mtime(), meta.mtime_nsec());
        Ok(Some(Self { sha256, file: meta.ino(), bytes: meta.len(), changed }))
    }

    fn stands(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|meta| {
            (meta.ino(), meta.len(), (meta.mtime(), meta.mtime_nsec()))
                == (self.file, self.bytes, self.changed)
        })
    }
}

/// What cannot be looked at is not taken for gone: its number would be given
/// to another, or its place written over.
fn exists(path: &Path) -> bool {
    is_there(path).unwrap_or(true)
}

/// Renames to a name that nothing has, whoever else drops files there, and
/// makes it durable.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system knows it; then there is a moment in between.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => return rename_durably(from, to),
        done => done?,
    }
    to.parent().map_or(Ok(()), sync_folder)
}
