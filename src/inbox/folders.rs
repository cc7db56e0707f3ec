//! The folders of a data directory (docs/rules.md#folders).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::files::make_folder;
use crate::overlay;

/// Mode of the data folder itself.
pub const DATA: u32 = 0o750;

/// Mode of a folder that the service alone may enter.
const PRIVATE: u32 = 0o700;

/// A folder below the data folder, and who may see what is in it. The umask
/// that the program was started under changes nothing of it.
#[derive(Debug)]
pub struct KeptFolder {
    /// Path below the data folder.
    pub name: &'static str,
    /// Its mode when it is made.
    pub mode: u32,
    /// Mode of folders that the program makes in it.
    pub folders: u32,
    /// Mode of files that the program makes in it, or moves to it.
    pub files: u32,
}

/// Every folder. Senders drop into the inbox and fetch from the outbox by
/// whatever group the service has (set its group-ID bit to keep the group:
/// 2770); patients' data lies in the others. Plain files in the data folder
/// itself (databases with what lies beside them, the lock) have 0600.
pub const KEPT: &[KeptFolder] = &[
    KeptFolder { name: "inbox", mode: 0o770, folders: 0o770, files: 0o600 },
    KeptFolder { name: "outbox", mode: 0o770, folders: 0o770, files: 0o640 },
    KeptFolder { name: "work", mode: PRIVATE, folders: 0o700, files: 0o600 },
    KeptFolder { name: ".uploads", mode: PRIVATE, folders: 0o700, files: 0o600 },
    KeptFolder { name: "accepted", mode: PRIVATE, folders: 0o700, files: 0o600 },
    KeptFolder { name: "rejected", mode: PRIVATE, folders: 0o700, files: 0o600 },
    KeptFolder { name: "exports", mode: PRIVATE, folders: 0o700, files: 0o640 },
    KeptFolder { name: "backups", mode: PRIVATE, folders: 0o700, files: 0o600 },
    KeptFolder { name: overlay::PLACE, mode: 0o750, folders: 0o750, files: 0o640 },
];

/// The folders below `DATA`.
#[derive(Debug, Clone)]
pub struct Folders {
    /// `DATA` itself.
    pub data: PathBuf,
}

impl Folders {
    /// The folders of a data directory.
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// Makes what is missing. What others could look into by the mode that it
    /// has is closed to them again; the inbox and the outbox are as whoever set
    /// them up wanted them.
    ///
    /// # Errors
    /// Fails if a folder cannot be made, or its permissions not be set.
    pub fn create(&self) -> io::Result<()> {
        make_folder(&self.data, DATA)?;
        for kept in KEPT {
            let path = self.data.join(kept.name);
            make_folder(&path, kept.mode)?;
            let is = path.metadata()?.permissions().mode() & 0o7777;
            if kept.mode == PRIVATE && is & !kept.mode & 0o777 != 0 {
                log::warn!("{} had mode {is:o} and is closed to others now", path.display());
                fs::set_permissions(&path, fs::Permissions::from_mode(kept.mode))?;
            }
        }
        for kind in overlay::KINDS {
            make_folder(&self.data.join(overlay::PLACE).join(kind.name), DATA)?;
        }
        Ok(())
    }

    /// Where archives are dropped.
    pub fn inbox(&self) -> PathBuf {
        self.data.join("inbox")
    }

    /// Where uploads lie until they are whole; none of its files is anybody's
    /// archive yet.
    pub fn uploads(&self) -> PathBuf {
        self.data.join(".uploads")
    }

    /// Where claimed archives lie while they are loaded.
    pub fn work(&self) -> PathBuf {
        self.data.join("work")
    }

    /// Where receipts are fetched.
    pub fn outbox(&self) -> PathBuf {
        self.data.join("outbox")
    }

    /// Copies of the database that the program makes by itself.
    pub fn backups(&self) -> PathBuf {
        self.data.join("backups")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("khlang.db")
    }

    /// Held by the one daemon of a data directory.
    pub fn lock(&self) -> PathBuf {
        self.data.join("khlang.lock")
    }
}
