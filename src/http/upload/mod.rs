//! An archive on its way in: from a client's body to a file that is whole.
//!
//! It is written to a folder that no scan of the inbox sees, hashed on the
//! way, and made durable; nothing of it is held in memory. What is not asked
//! for in the end is gone with its [`Received`], or with the next start.

use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::http::front::head::Head;
use crate::http::problem::{self, Problem};
use crate::http::shared::Shared;
use crate::inbox::Folders;

/// How much is written at a time; between two writes the disk is looked at.
const BLOCK_BYTES: usize = 1 << 20;

/// What comes with a call.
#[derive(Debug, Default, Clone)]
pub enum Sent {
    /// Nothing.
    #[default]
    Nothing,
    /// A form, as sent.
    Form(std::sync::Arc<[u8]>),
    /// An archive.
    Archive(std::sync::Arc<Received>),
}

/// A whole archive, in a file of its own.
#[derive(Debug)]
pub struct Received {
    /// The file; nothing once it has been taken.
    file: Mutex<Option<TempPath>>,
    /// The name it is to have.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

impl Received {
    /// Takes the file, once.
    pub fn take(&self) -> Option<TempPath> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An archive that may come, and the rules for it.
#[derive(Debug)]
pub struct Intake {
    folder: PathBuf,
    name: String,
    /// Largest body.
    pub body_bytes: u64,
    archive_bytes: u64,
    free_bytes: u64,
}

impl Intake {
    /// Whether an archive with this head may come.
    pub fn admit(shared: &Shared, head: &Head) -> Result<Self, Problem> {
        let limits = &shared.world().config.limits;
        let intake = Self {
            folder: Folders::new(&shared.data).uploads(),
            name: head.header("X-Archive-Name").unwrap_or_default().to_owned(),
            body_bytes: limits.body_bytes,
            archive_bytes: limits.archive_bytes,
            free_bytes: limits.free_bytes,
        };
        intake.room()?;
        Ok(intake)
    }

    /// Writes the body to disk as it comes.
    pub fn receive(&self, body: &mut dyn Read) -> Result<Received, Problem> {
        let mut file = tempfile::Builder::new()
            .prefix("upload-")
            .tempfile_in(&self.folder)
            .map_err(|error| self.trouble(&error))?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let count = fill(body, &mut block)
                .map_err(|_| Problem::new(problem::MALFORMED, "the body has no end"))?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
            if bytes > self.archive_bytes {
                let detail = format!("an archive has at most {} bytes", self.archive_bytes);
                return Err(Problem::new(problem::BODY_SIZE, detail));
            }
            hash.update(&block[..count]);
            file.write_all(&block[..count]).map_err(|error| self.trouble(&error))?;
            self.room()?;
        }
        self.whole(file, bytes, &hash.finalize())
    }

    fn whole(&self, file: NamedTempFile, bytes: u64, hash: &[u8]) -> Result<Received, Problem> {
        file.as_file().sync_all().map_err(|error| self.trouble(&error))?;
        Ok(Received {
            file: Mutex::new(Some(file.into_temp_path())),
            name: self.name.clone(),
            bytes,
            sha256: crate::files::hex(hash),
        })
    }

    /// Whether there is room on the disk for more.
    fn room(&self) -> Result<(), Problem> {
        let disk =
            rustix::fs::statvfs(&self.folder).map_err(|error| self.trouble(&error.into()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.free_bytes {
            return Err(Problem::new(
                problem::NO_SPACE,
                "try again when the operator has made room",
            ));
        }
        Ok(())
    }

    /// Trouble with the disk: ours, not the sender's.
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

/// Fills a block as far as there is something to fill it with.
fn fill(from: &mut dyn Read, block: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < block.len() {
        match from.read(&mut block[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
