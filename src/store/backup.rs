//! A consistent copy of the database while the daemon runs. From its first byte on
//! only the service can read it. It carries digests of its content
//! ([`super::manifest`]), and gets its final name when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use super::identity::DatabaseForm;
use super::manifest::BackupContents;
use super::{Result, StoreError};
use crate::files::{sync_folder, write_private};
use crate::text::message_with;

/// Ending of a copy in the making; it is hidden, too.
const PART: &str = ".khlang-part";

/// Ending of the file beside a backup that says in JSON what is in it.
const MANIFEST: &str = ".manifest.json";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupSummary {
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Version of the form of the file.
    pub version: i64,
    /// Rows of records.
    pub rows: u64,
    /// One digest of all that is in it.
    pub content_sha256: String,
    /// By table: how many rows, and their digest.
    pub tables: std::collections::BTreeMap<String, (u64, String)>,
}

/// Refuses a name that is taken.
///
/// # Errors
/// [`StoreError::Refused`] if the file, or the one beside it, exists.
pub fn may_write(to: &Path) -> Result<()> {
    for path in [to.to_owned(), beside(to)] {
        if crate::files::is_there(&path)? {
            let what = message_with("store.there_already", &[("file", &path.display())]);
            return Err(StoreError::Refused(what.both()));
        }
    }
    Ok(())
}

/// Path of the access database that belongs to a backup.
pub(super) fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(MANIFEST);
    name.into()
}

/// Copies a database, seals the copy, and lets it appear.
pub(super) fn copy(conn: &Connection, to: &Path, form: &DatabaseForm) -> Result<BackupSummary> {
    may_write(to)?;
    let part = UnfinishedCopy::create(to)?;
    conn.execute("VACUUM INTO ?1", [part.path.to_string_lossy()])?;
    crate::crash_point("backup_copied");
    let (contents, version) = {
        #[allow(clippy::disallowed_methods, reason = "the store opens it")]
        let mut copy = Connection::open(&part.path)?;
        // Until it is whole nobody reads it: a journal would be for nothing.
        copy.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
        copy.pragma_update(None, "synchronous", "OFF")?;
        form.mark(&copy)?;
        let contents = BackupContents::read(&copy)?;
        contents.seal(&mut copy)?;
        (contents, form.version(&copy, &part.path)?)
    };
    let copied = BackupSummary {
        bytes: part.path.metadata()?.len(),
        version,
        rows: contents.rows(),
        content_sha256: contents.digest(),
        tables: contents.tables,
    };
    crate::crash_point("backup_sealed");
    part.appear(to)?;
    let json = serde_json::to_vec_pretty(&copied).map_err(io::Error::other)?;
    write_private(&beside(to), &json)?;
    Ok(copied)
}

/// A copy in the making. While this lives nobody sweeps it.
struct UnfinishedCopy {
    path: PathBuf,
    _lock: File,
}

impl UnfinishedCopy {
    fn create(to: &Path) -> Result<Self> {
        let folder = folder_of(to);
        sweep(folder)?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!(".{name}{PART}"));
        let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let what = format!("{}: another backup is being written there", to.display());
                return Err(StoreError::Refused(what));
            }
            Err(error) => return Err(error.into()),
        };
        file.try_lock().map_err(io::Error::from)?;
        // Somebody may have swept it in between.
        let same = |meta: fs::Metadata| Ok::<_, io::Error>(meta.ino() == file.metadata()?.ino());
        if !path.symlink_metadata().map_err(StoreError::Io).and_then(|meta| Ok(same(meta)?))? {
            let what = format!("{}: another backup is being written there", to.display());
            return Err(StoreError::Refused(what));
        }
        crate::crash_point("backup_begun");
        Ok(Self { path, _lock: file })
    }

    fn appear(self, to: &Path) -> Result<()> {
        File::open(&self.path)?.sync_all()?;
        may_write(to)?;
        fs::rename(&self.path, to)?;
        Ok(sync_folder(folder_of(to))?)
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        // After trouble; otherwise it has its name by now.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the copies in a folder that were cut off by a kill.
///
/// # Errors
/// Fails if the folder cannot be read, or a copy not be removed.
pub fn sweep(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.starts_with('.') && name.ends_with(PART);
        if !ours || !entry.file_type()?.is_file() {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            fs::remove_file(entry.path())?;
            log::info!("removed what a backup left: {name}");
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
