//! The file that an archive is received into, and the rules for it.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::archive::ArchiveName;
use crate::environment::Environment;
use crate::http::problem::{self, Problem};
use crate::inbox::Upload;

/// How much may be written before free disk space is checked again.
const BETWEEN_LOOKS_BYTES: u64 = 1 << 20;

/// A complete archive, in a file of its own.
#[derive(Debug)]
pub struct ReceivedArchive {
    /// The file; nothing once it has been taken.
    file: Mutex<Option<TempPath>>,
    /// What is known of it.
    pub upload: Upload,
}

impl ReceivedArchive {
    /// Takes the file, once.
    pub fn take(&self) -> Option<TempPath> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Where archives are received, and which ones may be.
pub struct UploadTarget {
    /// Folder of unfinished uploads, which no scan of the inbox sees.
    pub folder: PathBuf,
    /// The environment when the request began.
    pub environment: Arc<Environment>,
    /// Now, local time.
    pub now: NaiveDateTime,
    /// Units whose archives this client may send; none means all.
    pub units: Option<BTreeSet<String>>,
}

impl UploadTarget {
    /// Whether an archive of this name may be sent: the rules of the inbox for
    /// names (A04, A05, A06), and those for this client.
    pub fn may_be(&self, name: &str) -> Result<(), Problem> {
        let known = |hcode: &str| self.environment.units.knows(hcode);
        let parsed = ArchiveName::validate(name, known, self.now).map_err(|(error, _)| {
            let code = error.code();
            let text = self.environment.catalog.findings.of_problem(code);
            Problem::new(problem::ARCHIVE_NAME, format!("{code}: {}", text.en))
        })?;
        if self.units.as_ref().is_some_and(|units| !units.contains(&parsed.hcode)) {
            let detail = "the name says another unit than you may send for";
            return Err(Problem::new(problem::OTHER_UNIT, detail));
        }
        Ok(())
    }

    /// Begins a file for an archive of this name.
    pub fn begin(&self, name: &str) -> Result<IncomingArchive<'_>, Problem> {
        let file = tempfile::Builder::new().prefix("upload-").tempfile_in(&self.folder);
        let file = file.map_err(|error| self.trouble(&error))?;
        let name = name.to_owned();
        Ok(IncomingArchive {
            target: self,
            file,
            name,
            hash: Sha256::new(),
            bytes: 0,
            looked_at: 0,
        })
    }

    /// Fails when there is too little free space on the disk.
    pub fn room(&self) -> Result<(), Problem> {
        let least = self.environment.config.limits.free_bytes;
        let disk =
            rustix::fs::statvfs(&self.folder).map_err(|error| self.trouble(&error.into()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < least {
            let detail = "try again when the operator has made room";
            return Err(Problem::new(problem::NO_SPACE, detail));
        }
        Ok(())
    }

    /// A failure of the disk: not the sender's fault.
    fn trouble(&self, error: &std::io::Error) -> Problem {
        log::error!("an upload to {}: {error}", self.folder.display());
        let detail = "the archive could not be written; see the log of the daemon";
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Problem::new(problem::NO_SPACE, detail)
            }
            _ => Problem::new(problem::STORAGE, detail),
        }
    }
}

/// An archive that is being received.
pub struct IncomingArchive<'i> {
    target: &'i UploadTarget,
    file: NamedTempFile,
    name: String,
    hash: Sha256,
    bytes: u64,
    /// Bytes when free disk space was last checked.
    looked_at: u64,
}

impl IncomingArchive<'_> {
    /// Takes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        let most = self.target.environment.config.limits.archive_bytes;
        if self.bytes > most {
            let detail = format!("an archive has at most {most} bytes");
            return Err(Problem::new(problem::BODY_SIZE, detail));
        }
        if self.bytes - self.looked_at >= BETWEEN_LOOKS_BYTES {
            self.looked_at = self.bytes;
            self.target.room()?;
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|error| self.target.trouble(&error))?;
        crate::crash_point("upload_begun");
        Ok(())
    }

    /// The archive is complete: makes it durable.
    pub fn whole(self) -> Result<ReceivedArchive, Problem> {
        if self.bytes == 0 {
            return Err(Problem::new(problem::MALFORMED, "the archive has no bytes"));
        }
        self.file.as_file().sync_all().map_err(|error| self.target.trouble(&error))?;
        let sha256 = crate::files::hex(&self.hash.finalize());
        Ok(ReceivedArchive {
            file: Mutex::new(Some(self.file.into_temp_path())),
            upload: Upload { name: self.name, sha256, bytes: self.bytes },
        })
    }
}
