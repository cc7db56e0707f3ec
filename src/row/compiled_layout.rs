//! A compiled layout: check parameters parsed, finding codes as indexes, so
//! that no row needs a look-up by name.

use std::borrow::Cow;

use super::checks::Check;
use super::code_set::CodeSet;
use super::number::Range;
use crate::archive::Standard;
use crate::catalog::{Layout, Severity, Shape, Storage, Type};

/// A code that a layout can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// E.g. `SE1105`.
    pub code: String,
    /// Decides whether the row is stored.
    pub severity: Severity,
}

/// Position in [`CompiledLayout::codes`].
pub type CodeAt = u16;

/// One check of a column.
#[derive(Debug, Clone)]
pub struct ColumnCheck {
    /// Its code.
    pub code: CodeAt,
    /// What it looks at.
    pub check: Check,
}

/// A compiled column.
#[derive(Debug, Clone)]
pub struct CompiledColumn {
    /// Wire name.
    pub name: String,
    /// Position in the record.
    pub column: usize,
    /// Wire type.
    pub kind: Type,
    /// Form in the store.
    pub storage: Storage,
    /// Longest text in characters, 0 for any.
    pub width: usize,
    /// First version that has it.
    pub since: usize,
    /// Part of the record's key.
    pub key: bool,
    /// Key, event date, or required: an unreadable value is an error.
    pub needed: bool,
    /// What is said of a blank value, but for `XX9510`.
    pub of_blank: Vec<CodeAt>,
    /// Blank is an error under `XX9510` in versions that have the column.
    pub blank_is_error: bool,
    /// May lie ahead of the day of sending.
    pub ahead: bool,
    /// Is a CID, whose check digit is looked at.
    pub cid: bool,
    /// Plausible range.
    pub range: Option<Range>,
    /// Code of its own for an unreadable date or number.
    pub own_shape: bool,
    /// What is said of a date that cannot be read.
    pub of_unreadable: Vec<CodeAt>,
    /// Its own checks of the value itself.
    pub of_value: Vec<ColumnCheck>,
    /// Its own checks that have a set of codes.
    pub of_list: Vec<ColumnCheck>,
    /// Its own checks that need other fields of the row, or the person.
    pub of_row: Vec<ColumnCheck>,
    /// List for `XX9512`, in a column without a list check of its own.
    pub list: Option<CodeSet>,
    /// Has a list of either kind.
    pub listed: bool,
    /// What a code of its list looks like, and what is said of another text.
    pub shape: Option<(Shape, CodeAt)>,
    /// Nothing is said of a blank value.
    pub blank_passes: bool,
    /// What is said of a value depends on the rows before.
    pub stateful: bool,
    /// When a value is good at a glance.
    pub fast_check: FastCheck,
}

impl CompiledColumn {
    /// Whether its own list has a value.
    pub fn is_listed(&self, text: &str) -> bool {
        self.listed && self.lists_have(text)
    }

    /// Whether the shape of a value is asked for: always where another shape
    /// is meant as a code too, else where no list checks it.
    pub fn asks_shape(&self) -> bool {
        self.shape.as_ref().is_some_and(|(shape, _)| shape.folds() || !self.listed)
    }

    /// The code that a text means: itself, unless it is one in lower case or
    /// with a dot that its list does not have as it stands.
    pub fn meant<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.shape {
            Some((shape, _)) if shape.folds() && !shape.fits(text) && !self.is_listed(text) => {
                shape.fold(text).map_or(Cow::Borrowed(text), Cow::Owned)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether a value is in all lists of the column.
    pub fn lists_have(&self, text: &str) -> bool {
        let own = self.of_list.iter().filter_map(|own| own.check.codes());
        own.chain(&self.list).all(|codes| codes.contains(text))
    }
}

/// What the fast path compares a value of a column with.
#[derive(Debug, Clone, Copy, Default)]
pub enum FastCheck {
    /// Never.
    #[default]
    No,
    /// Text of at most so many bytes.
    Text { longest: usize, form: TextForm },
    /// A number within ends in units of `1 / 10^unit`, of at most so many
    /// bytes, whole or with so many decimals.
    Number { longest: usize, decimals: u8, unit: u8, low: i64, high: i64 },
}

/// What a text must look like to pass the fast path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Any text.
    Any,
    /// Digits.
    Digits,
    /// So many digits.
    Count(usize),
    /// As the codes of its list.
    Code,
}

/// Positions of the codes that every file has.
#[derive(Debug, Clone, Copy)]
pub struct Common {
    /// `XX9500`, number of columns.
    pub columns: CodeAt,
    /// `XX9501`, too long.
    pub too_long: CodeAt,
    /// `XX9502`, control characters.
    pub bytes: CodeAt,
    /// `XX9503`, after the day of sending.
    pub after_sent: CodeAt,
    /// `XX9504`, before birth.
    pub before_birth: CodeAt,
    /// `XX9505`, after death.
    pub after_death: CodeAt,
    /// `XX9506`, check digit.
    pub check_digit: CodeAt,
    /// `XX9507`, Buddhist year.
    pub buddhist: CodeAt,
    /// `XX9508`, implausible.
    pub implausible: CodeAt,
    /// `XX9509`, not the sender's to send.
    pub sender: CodeAt,
    /// `XX9510`, blank.
    pub blank: CodeAt,
    /// `XX9511`, unreadable in a needed column.
    pub unreadable: CodeAt,
    /// `XX9511` as a warning, elsewhere.
    pub unreadable_warning: CodeAt,
    /// `XX9512`, outside the list.
    pub outside_list: CodeAt,
    /// `XX9512` as an error: the text has not the shape of a code.
    pub no_code: CodeAt,
    /// `XX9513`, a word that stands for nothing.
    pub nothing: CodeAt,
    /// `XX9514`, folded to the code that it means.
    pub folded: CodeAt,
    /// `XX9299`, duplicate.
    pub duplicate: CodeAt,
}

/// A compiled layout.
#[derive(Debug, Clone)]
pub struct CompiledLayout {
    /// The standard.
    pub standard: Standard,
    /// Name of the file.
    pub file: String,
    /// Name of the record.
    pub record: String,
    /// Columns, as in [`Layout::columns`].
    pub columns: Vec<CompiledColumn>,
    /// Versions as wire orders of columns.
    pub versions: Vec<Vec<usize>>,
    /// Number of columns in the store.
    pub width: usize,
    /// Position (in `columns`) of HOSPCODE.
    pub hospcode: usize,
    /// Position of the person's column.
    pub person: Option<usize>,
    /// Position of the event date.
    pub event: Option<usize>,
    /// Key columns (positions in `columns`) in the standard's order.
    pub key: Vec<usize>,
    /// Columns with checks that need other fields, or the person.
    pub cross_field: Vec<usize>,
    /// Every code that the layout can give.
    pub codes: Vec<Code>,
    /// Codes that every file has.
    pub common: Common,
    /// This is PERSON: its rows make persons known.
    pub is_person: bool,
    /// This is DEATH: its rows say when a person died.
    pub is_death: bool,
    /// Positions of BIRTH and SEX.
    pub birth_and_sex: [Option<usize>; 2],
    /// Lists that are missing or not whole, with the columns they would check.
    pub not_checked: Vec<(String, String)>,
}

impl CompiledLayout {
    /// Position of a column whose wire name or alias is `name` (any case).
    pub fn find(&self, layout: &Layout, name: &str) -> Option<usize> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        layout
            .columns
            .iter()
            .position(|c| is(&c.name))
            .or_else(|| layout.columns.iter().position(|c| c.alias.iter().any(|a| is(a))))
    }
}
