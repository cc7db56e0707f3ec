//! The codes of what is wrong with an archive (A), with a member (M), and of
//! what is only told (N).
//!
//! Their texts and severities are facts about data and stand in
//! `schema/findings.csv`; this list names them for the code that finds them.
//! At every start the catalogue proves that each has its text there, and that
//! each text of a letter A, M or N has its name here.

use std::fmt;

/// Declares the codes, each with its meaning, from one list.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// The code of a problem or note.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As senders see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    /// The archive cannot be opened as a zip.
    NotZip = "A01",
    /// The structure of the zip is not one that we read.
    ArchiveStructure = "A02",
    /// The archive is larger than a limit.
    TooLarge = "A03",
    /// The archive's name has not the form.
    NameForm = "A04",
    /// The archive's name says a unit that the list of units has not.
    UnknownUnit = "A05",
    /// The archive's name says a time that no calendar has, or one to come.
    NameTime = "A06",
    /// The archive has no file of its standard, or files of the other one.
    NoKnownFile = "A07",
    /// Rows have a number of columns that no version has.
    ColumnCount = "M01",
    /// The header has an unknown column.
    UnknownColumn = "M02",
    /// The header lacks a required column.
    MissingColumn = "M03",
    /// The header has a column twice.
    ColumnTwice = "M04",
    /// The member is no text of a known encoding.
    NotText = "M05",
    /// A file that must be sent with the member was not.
    PartnerMissing = "M06",
    /// The member's name is that of no file of the standard.
    UnknownFile = "M07",
    /// A line is longer than the limit.
    LongLine = "M08",
    /// An entry that is no text file was skipped.
    EntrySkipped = "N01",
    /// A code list is not installed, so columns were not compared with it.
    ListNotInstalled = "N02",
    /// No store was there to answer for persons.
    LinksUnchecked = "N03",
    /// The member has no rows.
    NoData = "N04",
    /// Blank lines were skipped.
    BlankLines = "N11",
    /// An end-of-file mark of DOS was skipped.
    CtrlZ = "N12",
    /// The header was repeated among the rows, and skipped.
    HeaderAgain = "N13",
    /// A byte order mark among the rows was skipped.
    ByteOrderMark = "N14",
    /// Values have quotation marks around them.
    QuotedValues = "N15",
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
