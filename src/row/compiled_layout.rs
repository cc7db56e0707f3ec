//! A layout made ready for judging: checks with their parameters read, codes
//! as positions, so that judging a row looks nothing up by name.

use std::borrow::Cow;

use super::code_set::CodeSet;
use super::compiler::Maker;
use super::fast_path::Quick;
use super::number::{Number, Range};
use crate::archive::Standard;
use crate::catalog::{Catalog, Layout, Record, Severity, Shape, Storage, Type};

/// A code that a layout can give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// E.g. `SE1105`.
    pub code: String,
    /// Decides whether the row is stored.
    pub severity: Severity,
}

/// Position in [`Plan::codes`].
pub type CodeAt = u16;

/// What a check looks at.
#[derive(Debug, Clone)]
pub enum Test {
    /// Must not be blank.
    Required,
    /// So many characters.
    Width(usize),
    /// So many digits.
    Digits(usize),
    /// In the set.
    OneOf(CodeSet),
    /// A real date (`date` or `datetime` by the column's type).
    RealDate,
    /// A number in the range.
    Number(Range),
    /// A number with at most so many decimals.
    Decimals(u8),
    /// The unit is known.
    KnownUnit,
    /// The person is in PERSON.
    Person,
    /// Not used so often or more for one person; only codes with a prefix.
    Repeat { limit: u32, prefixes: Vec<String> },
    /// Does not begin with any of these.
    NotPrefix(Vec<String>),
    /// Later than another column of the row.
    After(usize),
    /// The person's SEX by PERSON.
    PersonSex(u8),
    /// The person's age in full years at this date.
    PersonAge(Range),
}

/// One check of a column.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its code.
    pub code: CodeAt,
    /// What it looks at.
    pub test: Test,
    /// Whether a blank value passes.
    pub blank_passes: bool,
}

impl Check {
    /// Needs other fields of the row, or the person.
    pub(super) fn is_late(&self) -> bool {
        matches!(self.test, Test::Person | Test::PersonSex(_) | Test::PersonAge(_) | Test::After(_))
    }
}

/// A column made ready.
#[derive(Debug, Clone)]
pub struct PlanColumn {
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
    /// Its own checks of the value itself.
    pub checks: Vec<Check>,
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
    pub quick: Quick,
}

impl PlanColumn {
    /// Whether its own list has a value.
    pub fn is_listed(&self, text: &str) -> bool {
        self.listed && self.lists_have(text)
    }

    /// Whether the shape of a value is asked for: always where another shape
    /// is meant as a code too, else where no list judges it.
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
        self.checks.iter().all(|check| match &check.test {
            Test::OneOf(set) => set.contains(text),
            _ => true,
        }) && self.list.as_ref().is_none_or(|list| list.contains(text))
    }
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

/// A layout made ready for judging.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The standard.
    pub standard: Standard,
    /// Name of the file.
    pub file: String,
    /// Name of the record.
    pub record: String,
    /// Columns, as in [`Layout::columns`].
    pub columns: Vec<PlanColumn>,
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
    pub late: Vec<usize>,
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
    /// Lists that are missing or not whole, with the columns they would judge.
    pub not_checked: Vec<(String, String)>,
}

impl Plan {
    /// Makes a layout ready for archives of a fiscal year (B.E.); fails on a
    /// check that cannot be read. Codes have the same places in every year.
    pub fn new(
        catalog: &Catalog,
        record: &Record,
        layout: &Layout,
        year: i32,
    ) -> Result<Self, String> {
        let mut maker = Maker::new(catalog, record, layout, year)?;
        let columns =
            layout.columns.iter().map(|c| maker.column(c)).collect::<Result<Vec<_>, _>>()?;
        let common = maker.common()?;
        let wire = |column: usize| {
            columns.iter().position(|c| c.column == column).ok_or_else(|| {
                format!("{}: no wire column for {}", layout.file, record.columns[column].name)
            })
        };
        // A key column that only the other standard has is blank here.
        let key = record.key.iter().filter_map(|&column| wire(column).ok()).collect();
        Ok(Self {
            standard: layout.standard,
            file: layout.file.clone(),
            record: record.name.clone(),
            versions: layout.versions.iter().map(|v| v.columns.clone()).collect(),
            width: record.columns.len(),
            hospcode: wire(record.hospcode)?,
            person: record.person.map(wire).transpose()?,
            event: record.event.map(wire).transpose()?,
            key,
            common,
            late: (0..columns.len())
                .filter(|&at| columns[at].checks.iter().any(Check::is_late))
                .collect(),
            is_person: record.name == "PERSON",
            is_death: record.name == "DEATH",
            birth_and_sex: ["BIRTH", "SEX"]
                .map(|name| columns.iter().position(|column| column.name == name)),
            codes: maker.codes,
            not_checked: maker.not_checked,
            columns,
        })
    }

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

/// A number within or outside a plausible range; text that is no number has
/// been reported before and is not asked again.
pub(super) fn in_range(range: &Range, text: &str) -> bool {
    Number::parse(text).is_none_or(|number| range.contains(&number))
}
