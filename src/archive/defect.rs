//! What may be wrong with an archive, apart from what may be wrong with us.
//!
//! A [`ArchiveError`] is the sender's fault and becomes a problem on the receipt; an
//! I/O error is ours and never does. The two travel together as
//! [`ReadError`], also through `std::io::Read`, which knows only the second.

use std::io;

use crate::problem_code::ProblemCode;

use thiserror::Error;

/// The kinds of fault of a whole archive; each belongs to one problem code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveDefect {
    /// No zip at all.
    NotZip,
    /// A zip that ends too early.
    Truncated,
    /// More bytes than an archive may have.
    ArchiveBytes,
    /// More entries than an archive may have.
    Entries,
    /// An entry inflates to more bytes than a member may have.
    MemberBytes,
    /// All entries together inflate to more bytes than allowed.
    InflatedBytes,
    /// An entry inflates out of all proportion to its packed size.
    Ratio,
    /// Encrypted entry or directory.
    Encrypted,
    /// One part of a split archive.
    MultiDisk,
    /// A symbolic link, a device or another thing that is no plain file.
    NotPlainFile,
    /// A name that is absolute, climbs, hides something or lies too deep.
    Path,
    /// An archive within the archive.
    Nested,
    /// Two entries share bytes.
    Overlap,
    /// Two entries share a name.
    Duplicate,
    /// A local header, or a data descriptor, unlike the central header.
    Mismatch,
    /// The end record and the directory do not tell the same.
    Directory,
    /// Bytes before the first, between two, or after the last record.
    Gap,
    /// A method other than store and deflate.
    Method,
    /// Header flags that plain archives do not use.
    Flags,
    /// Extra fields that cannot be read in one way only.
    Extra,
    /// A comment of immodest size.
    Comment,
    /// A folder entry that carries data.
    FolderData,
    /// Content unlike its header: CRC, size, or a damaged deflate stream.
    Content,
}

impl ArchiveDefect {
    /// The problem code that the sender sees.
    pub fn code(self) -> ProblemCode {
        match self {
            Self::NotZip | Self::Truncated => ProblemCode::NotZip,
            Self::ArchiveBytes
            | Self::Entries
            | Self::MemberBytes
            | Self::InflatedBytes
            | Self::Ratio => ProblemCode::TooLarge,
            _ => ProblemCode::ArchiveStructure,
        }
    }

    /// A fault of the archive as a whole.
    pub(super) fn found(self, detail: impl Into<String>) -> ArchiveError {
        ArchiveError { flaw: self, code: self.code(), detail: detail.into(), entry: None }
    }

    /// A fault of one entry, whose name leads the detail.
    pub(super) fn at(self, entry: &str, detail: impl AsRef<str>) -> ArchiveError {
        let detail = format!("{entry}: {}", detail.as_ref());
        ArchiveError { flaw: self, code: self.code(), detail, entry: Some(entry.to_owned()) }
    }
}

/// Why a whole archive is refused: the sender's fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {detail}")]
pub struct ArchiveError {
    /// What kind of fault it is.
    pub flaw: ArchiveDefect,
    /// `A01`, `A02` or `A03`.
    pub code: ProblemCode,
    /// Short English text; names the entry when one is to blame.
    pub detail: String,
    /// Display name of the entry to blame.
    pub entry: Option<String>,
}

/// Why an archive could not be opened or an entry not be read to its end.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The archive is broken: the sender's fault.
    #[error(transparent)]
    Broken(#[from] ArchiveError),
    /// The disk, or the file system, failed us.
    #[error("cannot read the archive")]
    Io(#[source] io::Error),
}

/// Opening fails in the same two ways as reading does.
pub type OpenError = ReadError;

impl From<io::Error> for ReadError {
    /// Finds the [`ArchiveError`] that a [`super::MemberReader`] wrapped, if any.
    fn from(error: io::Error) -> Self {
        match error.downcast::<ArchiveError>() {
            Ok(broken) => Self::Broken(broken),
            Err(error) => Self::Io(error),
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(trouble: ReadError) -> Self {
        match trouble {
            ReadError::Broken(broken) => Self::other(broken),
            ReadError::Io(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_survives_the_way_through_io_error() {
        let broken = ArchiveDefect::Content.at("PERSON.txt", "CRC mismatch");
        let back = ReadError::from(io::Error::from(ReadError::Broken(broken.clone())));
        assert!(matches!(back, ReadError::Broken(found) if found == broken));
        let disk = ReadError::from(io::Error::from(io::ErrorKind::UnexpectedEof));
        assert!(matches!(disk, ReadError::Io(_)));
    }
}
