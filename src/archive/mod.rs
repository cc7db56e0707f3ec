//! Archives as sent: from a file in the inbox to a stream of inflated bytes
//! per entry.
//!
//! [`ArchiveName`] reads what the file name says, [`Archive::open`] reads the
//! whole structure by our own scan before anything is inflated, and
//! [`Archive::reader`] streams one entry with every promise of its header
//! checked on the way. This module knows nothing of records, of the files of
//! the standard or of rows, and no entry name ever becomes a path.

mod defect;
mod members;
mod name;
mod reader;
mod scan;
mod seal;

#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "../../tests/support/zipcraft.rs"]
mod zipcraft;

pub use defect::{ArchiveDefect, ArchiveError, OpenError, ReadError};
pub use members::{Archive, sha256_file};
pub use name::{ArchiveName, NameError, Standard};
pub use reader::MemberReader;
pub use scan::ScannedEntry;
pub use seal::Seal;
