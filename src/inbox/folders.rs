//! The folders of a data directory (contract §3).

use std::io;
use std::path::{Path, PathBuf};

use crate::files::make_folder;

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

    /// Makes what is missing; only the service may look into them.
    pub fn create(&self) -> io::Result<()> {
        make_folder(&self.data, 0o750)?;
        for name in [
            "inbox", "work", ".uploads", "accepted", "rejected", "outbox", "exports", "backups",
            "codes",
        ] {
            // Senders drop into the inbox and fetch from the outbox by whatever
            // group the service has; patients' data lies in the others.
            let mode = if matches!(name, "inbox" | "outbox") { 0o770 } else { 0o700 };
            make_folder(&self.data.join(name), mode)?;
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
