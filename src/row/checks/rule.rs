//! What a kind of check has to say, and what it may ask.

use crate::catalog::Type;
use crate::row::code_set::CodeSet;
use crate::row::number::{Number, Range};
use crate::row::person::Person;

use super::defect::{SampleDefect, Target};

/// What is the same for all checks of a kind.
#[derive(Debug)]
pub struct CheckKind {
    /// As `schema/records/` writes it.
    pub name: &'static str,
    /// How its parameter is written, for `schema/README.md`.
    pub parameter: &'static str,
    /// Which values fail, for `schema/README.md`.
    pub fails: &'static str,
    /// When a value is asked.
    pub stage: CheckStage,
    /// What is said of a blank.
    pub blank: Blank,
    /// The finding of every file that a check of this kind stands for.
    pub replaces: Replaces,
    /// Types of columns that can have it; every type when empty.
    pub types: &'static [Type],
    /// Whether its answer depends on the rows before, so that the answer for
    /// the same value may not be reused.
    pub remembers: bool,
}

/// When a value that is not blank is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStage {
    /// Never: only a blank fails.
    Blank,
    /// When it cannot be read as a date; every such value fails.
    Unreadable,
    /// With its column. A value that fails has not the form of its column, and
    /// nothing else is said of it.
    Form,
    /// With its column, as [`CheckStage::Form`], but a HOSPCODE that fails is still
    /// compared with the sender's units.
    Value,
    /// With its column, once its form is right; the check has a set of codes.
    List,
    /// After all fields of the row have been read.
    Row,
}

/// What is said of a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blank {
    /// It fails, unless the parameter has a part `blank`. The check stands for
    /// `XX9510` then.
    Fails,
    /// Nothing.
    Passes,
}

/// The finding of every file that a check stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// None.
    Nothing,
    /// `XX9512`, outside the column's list.
    OutsideList,
    /// `XX9512`, outside the column's list, and also where a text has not the
    /// shape of a code, if that is an error.
    OutsideListAndShape,
    /// `XX9511`, unreadable.
    Unreadable,
}

/// What the fast path may take for passed when it has compared it.
#[derive(Debug, Clone, Copy)]
pub enum FastPath {
    /// Nothing: every value of the column is validated at length.
    Never,
    /// Texts of so many digits.
    Digits(usize),
    /// Numbers in a range.
    Within(Range),
    /// Numbers with at most so many decimals.
    Decimals(u8),
}

/// Why a check was not compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCompiled {
    /// Its kind cannot read the parameter.
    Unreadable,
    /// Its code list is not installed or not whole: the check is not made.
    NoList,
}

/// The parameter of a check: parts with `|` between them.
#[derive(Debug)]
pub struct Parameters<'a>(pub &'a str);

impl<'a> Parameters<'a> {
    /// Its parts, without empty ones and without `blank`.
    pub fn parts(&self) -> Vec<&'a str> {
        self.0.split('|').filter(|part| !part.is_empty() && *part != "blank").collect()
    }

    /// The first part; empty when there is none.
    pub fn first(&self) -> &'a str {
        self.parts().first().copied().unwrap_or("")
    }

    /// Whether it lets a blank pass.
    pub fn blank_passes(&self) -> bool {
        self.0.split('|').any(|part| part == "blank")
    }

    /// The first part as a number.
    pub fn number<T: std::str::FromStr>(&self) -> Result<T, NotCompiled> {
        self.first().parse().map_err(|_| NotCompiled::Unreadable)
    }

    /// The first part as a range; open at both ends when there is none.
    pub fn range(&self) -> Result<Range, NotCompiled> {
        let text = self.first();
        Range::parse(if text.is_empty() { ".." } else { text }).ok_or(NotCompiled::Unreadable)
    }
}

/// What a parameter may name in the layout and the catalogue.
pub trait CheckLookup {
    /// The codes of lists together; none when one of them is not installed or
    /// not whole, which is put on record.
    fn lists(&mut self, names: &[&str]) -> Option<CodeSet>;

    /// Position in the record of a column of the layout.
    fn column(&self, name: &str) -> Option<usize>;
}

/// A value that is not blank.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Without the spaces around it, and as the code that it means.
    pub text: &'a str,
    /// As read, in a column of numbers.
    pub number: Option<Number>,
    /// As it will be stored, when that is a number or a date; known in
    /// [`CheckStage::Row`].
    pub stored: Option<i64>,
    /// False when a check of the column before this one has failed.
    pub well_formed: bool,
}

impl Field<'_> {
    /// The number that it is.
    pub fn number(&self) -> Option<Number> {
        self.number.or_else(|| Number::parse(self.text))
    }
}

/// What a check may ask of the row and of what is known besides.
pub trait Facts {
    /// Whether a unit is in the list of units.
    fn unit_is_known(&mut self, hospcode: &str) -> bool;

    /// The person that the row is about, of its own unit.
    fn person_of_row(&mut self) -> Person;

    /// A person of the row's unit.
    fn person(&mut self, pid: &str) -> Person;

    /// Whether persons of earlier archives are known. When they are not, the
    /// link that was asked for is counted as unchecked.
    fn persons_are_known(&mut self) -> bool;

    /// A number or date of the row as it will be stored, by its position in
    /// the record; known in [`CheckStage::Row`].
    fn stored(&self, column: usize) -> Option<i64>;

    /// How often a text was counted for the row's person in this file, this
    /// time included.
    fn times(&mut self, text: &str) -> u32;
}

/// A kind of check: what its file gives.
pub trait Rule: Sized {
    /// What is the same for all its checks.
    const KIND: CheckKind;

    /// Reads the parameters.
    fn compile(
        parameters: &Parameters<'_>,
        lookup: &mut dyn CheckLookup,
    ) -> Result<Self, NotCompiled>;

    /// Whether a value passes that is not blank.
    fn passes(&self, _field: &Field<'_>, _facts: &mut impl Facts) -> bool {
        true
    }

    /// The codes it takes, if it is of [`CheckStage::List`].
    fn codes(&self) -> Option<&CodeSet> {
        None
    }

    /// What the fast path may take for passed. Nothing unless a kind says
    /// otherwise; asked only in [`CheckStage::Form`] and [`CheckStage::Value`].
    fn fast_path(&self) -> FastPath {
        FastPath::Never
    }

    /// How the sample generator breaks a good value so that this check fails
    /// and no other.
    fn defects(target: &Target<'_>) -> Vec<SampleDefect>;
}
