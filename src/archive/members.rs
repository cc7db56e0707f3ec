//! An archive that passed the scan, open for reading.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sha2::{Digest, Sha256};

use crate::config::Limits;
use crate::files::hex;

use super::defect::{ArchiveDefect, OpenError, ReadError};
use super::reader::{MemberReader, OpenArchive};
use super::scan::{self, ScannedEntry};

/// First bytes of archives: zip (three kinds of first record), 7z, rar, gzip, xz.
const ARCHIVE_HEADS: [&[u8]; 7] = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b",
    b"\xfd7zXZ\0",
];
/// Longest of them.
const HEAD_BYTES: u64 = 6;
/// Packed bytes fetched to see a head.
const HEAD_BUFFER: usize = 512;
/// Packed bytes fetched at once when a member is streamed.
const STREAM_BUFFER: usize = 256 << 10;
/// Bytes hashed at once.
const HASH_BUFFER: usize = 256 << 10;

/// An archive whose structure passed the scan. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive {
    shared: Arc<OpenArchive>,
}

impl Archive {
    /// Opens and scans the archive at `path`, and looks at the first bytes of
    /// every entry for an archive within the archive.
    ///
    /// # Errors
    /// [`OpenError::Broken`] with A01, A02 or A03 when the sender is to blame,
    /// [`OpenError::Io`] when the disk is.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, OpenError> {
        Self::from_file(crate::files::open_plain(path)?, limits)
    }

    /// [`Archive::open`] for a file that is open already; its position is
    /// neither used nor moved.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn from_file(file: File, limits: &Limits) -> Result<Self, OpenError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
        }
        let entries = scan::scan(&file, metadata.len(), limits)?;
        let largest = entries.iter().map(|_| AtomicU64::new(0)).collect();
        let limits = limits.clone();
        let archive = Self {
            shared: Arc::new(OpenArchive {
                file,
                entries,
                limits,
                largest,
                total: AtomicU64::new(0),
            }),
        };
        for entry in archive.entries().iter().filter(|entry| !entry.is_dir || entry.packed > 0) {
            archive.no_archive_within(entry)?;
        }
        Ok(archive)
    }

    /// All entries, in the order of the directory.
    pub fn entries(&self) -> &[ScannedEntry] {
        &self.shared.entries
    }

    /// A stream of the inflated bytes of the entry of that index. Any number of
    /// readers may be open at once, of one entry too; each starts at its head.
    ///
    /// # Errors
    /// [`ReadError::Io`] when there is no such entry.
    pub fn reader(&self, index: usize) -> Result<MemberReader, ReadError> {
        self.buffered(index, STREAM_BUFFER)
    }

    fn buffered(&self, index: usize, buffer: usize) -> Result<MemberReader, ReadError> {
        if index >= self.entries().len() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no such entry").into());
        }
        Ok(MemberReader::new(Arc::clone(&self.shared), index, buffer))
    }

    fn no_archive_within(&self, entry: &ScannedEntry) -> Result<(), ReadError> {
        let mut head = Vec::new();
        self.buffered(entry.index, HEAD_BUFFER)?.take(HEAD_BYTES).read_to_end(&mut head)?;
        if ARCHIVE_HEADS.iter().any(|known| head.starts_with(known)) {
            return Err(ArchiveDefect::Nested
                .at(&entry.name, "an archive within the archive")
                .into());
        }
        Ok(())
    }
}

/// SHA-256 of the file at `path` in lower-case hex, and its length in bytes.
///
/// # Errors
/// Errors of the file system, and a path that is no plain file.
pub fn sha256_file(path: &Path) -> io::Result<(String, u64)> {
    sha256_of(&mut crate::files::open_plain(path)?)
}

/// The same of a file that is open, from where it stands.
pub(super) fn sha256_of(file: &mut File) -> io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HASH_BUFFER];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((hex(&hasher.finalize()), bytes))
}
