//! Kinds of record and their wire layouts, as the rest of the program sees
//! them: resolved, cross-checked, with columns as positions.

use serde::{Deserialize, Serialize};

use crate::archive::Standard;

/// The type of a field on the wire [F43-SHEET].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Free text.
    Char,
    /// Only 0–9; leading zeros matter.
    Digits,
    /// A whole number.
    Int,
    /// A decimal number.
    Decimal,
    /// `YYYYMMDD`, common era.
    Date,
    /// `YYYYMMDDHHMMSS`, common era.
    DateTime,
    /// `HHMMSS`.
    Time,
    /// A code of a list.
    Code,
}

impl Type {
    /// Texts, codes and numbers: all but days and times.
    pub const TEXTS_AND_NUMBERS: &[Self] =
        &[Self::Char, Self::Digits, Self::Code, Self::Int, Self::Decimal];
}

/// How a column is kept in the store. Every form gives back exactly what was
/// sent: what does not fit the compact form is kept as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Text; a number in canonical form (no leading zero) is kept as integer.
    Text,
    /// A number; as integer when whole and canonical, else as the text sent.
    Number,
    /// A number with this many decimals, as integer scaled by them when it was
    /// sent with exactly so many, else as the text sent.
    Scaled(u8),
    /// `YYYYMMDD` as integer.
    Date,
    /// `YYYYMMDDHHMMSS` as integer.
    DateTime,
    /// `HHMMSS` as integer.
    Time,
}

/// A column of the store.
#[derive(Debug, Clone)]
pub struct StoredColumn {
    /// The standard's name (that of the 43 files where both have it).
    pub name: String,
    /// How it is kept.
    pub storage: Storage,
}

/// A check that the dictionary gives a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSpec {
    /// The code of its finding, e.g. `DX1105`.
    pub code: String,
    /// The kind of check, e.g. `format_date`.
    pub kind: String,
    /// Its parameter, as in the dictionary.
    pub param: String,
    /// First fiscal year (B.E.) in which its code was in use; 0 for always.
    /// Archives of earlier years are not checked by it.
    pub since: i32,
    /// Line of the record's file that names it.
    pub line: usize,
}

/// A field on the wire.
#[derive(Debug, Clone)]
pub struct WireColumn {
    /// Its name in this standard.
    pub name: String,
    /// Other spellings seen in real header lines.
    pub alias: Vec<String>,
    /// Position in [`Record::columns`].
    pub column: usize,
    /// Its type.
    pub kind: Type,
    /// Longest text, in characters; 0 when the dictionary does not say.
    pub width: usize,
    /// Decimals of a `decimal`.
    pub scale: u8,
    /// Marked NOT NULL in the standard.
    pub required: bool,
    /// Position of the first version that has it, in [`Layout::versions`].
    pub since: usize,
    /// The code list, if any.
    pub list: Option<String>,
    /// A citizen ID, whose check digit is proven.
    pub cid: bool,
    /// May lie in the future (expected delivery, appointment, expiry).
    pub ahead: bool,
    /// Plausible range, `low..high`.
    pub range: Option<String>,
    /// Its own checks.
    pub checks: Vec<CheckSpec>,
    /// What it holds.
    pub caption: String,
}

/// A version of a layout, known by its number of columns.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its name, e.g. `2.4.1`.
    pub name: String,
    /// Its columns in wire order, as positions in [`Layout::columns`].
    pub columns: Vec<usize>,
}

/// How a kind of record travels in one of the standards.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The standard.
    pub standard: Standard,
    /// The file's name, e.g. `DIAG`.
    pub file: String,
    /// Prefix of its codes, e.g. `DX`.
    pub prefix: String,
    /// `EC`, or `local` where the prefix is ours.
    pub prefix_origin: String,
    /// `cumulative`, `service` or `survey`.
    pub group: String,
    /// Not one of the 43 files proper.
    pub optional: bool,
    /// Files that must be sent with it [OPPP-2557 s. 30].
    pub needs: Vec<String>,
    /// All columns of all versions.
    pub columns: Vec<WireColumn>,
    /// Versions, oldest first, all with different columns.
    pub versions: Vec<Version>,
}

/// The key of a visit, as the keys of its records begin. The table `visit` of
/// the store has columns of these names.
pub const VISIT_KEY: [&str; 4] = ["HOSPCODE", "PID", "SEQ", "DATE_SERV"];

/// What a kind of record does for the validation of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordRole {
    /// Its rows make persons known, with birth and sex (PERSON).
    Persons,
    /// Its rows say when a person died (DEATH).
    Deaths,
}

/// A kind of record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its file below `schema/`.
    pub source: String,
    /// Its name, that of the 43-file standard.
    pub name: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// The key's columns in the order of the standard.
    pub key: Vec<usize>,
    /// The key's columns in the order in which rows arrive.
    pub cluster: Vec<usize>,
    /// Its key begins with the visit ([`VISIT_KEY`]), which
    /// the store keeps once for all files of the visit.
    pub visit: bool,
    /// Sent in full once a round; the round is part of its key (docs/rules.md#rows).
    pub register: bool,
    /// The column that dates the record.
    pub event: Option<usize>,
    /// The column that links to PERSON.
    pub person: Option<usize>,
    /// What it does for the validation of others.
    pub role: Option<RecordRole>,
    /// Files of a lower order are loaded first; files of one order as they need
    /// each other.
    pub load_order: u8,
    /// The column of a person's birth.
    pub birth: Option<usize>,
    /// The column of a person's sex.
    pub sex: Option<usize>,
    /// The unit's column (HOSPCODE).
    pub hospcode: usize,
    /// Columns of the store.
    pub columns: Vec<StoredColumn>,
    pub(super) wire: [Option<Layout>; 2],
}

impl Record {
    /// Its layout in a standard, if it is part of it.
    pub fn layout(&self, standard: Standard) -> Option<&Layout> {
        self.wire[standard as usize].as_ref()
    }

    /// Its layouts.
    pub fn layouts(&self) -> impl Iterator<Item = &Layout> {
        self.wire.iter().flatten()
    }

    /// Position of a column by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
