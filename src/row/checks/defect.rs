//! How good rows are broken for the sample province, so that a check fails.

use crate::catalog::{Catalog, CheckSpec, Type, WireColumn};

/// What is done to a good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// Puts a value into the column.
    Value(String),
    /// Adds the years of the Buddhist era to the column's date.
    BuddhistYear,
    /// Moves the column's date to the day before that of another column.
    DayBefore(String),
    /// Moves the column's date to the person's fifth birthday.
    FifthBirthday,
    /// Gives the row to a man.
    Man,
    /// Repeats the row's code for its person so many times.
    Repeated(u32),
}

/// A defect with the findings that it has besides that of its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleDefect {
    /// What is done.
    pub defect: Defect,
    /// Codes without the file's prefix (`9507`).
    pub also: &'static [&'static str],
}

impl SampleDefect {
    /// A defect of which only the check speaks.
    pub fn new(defect: Defect) -> Self {
        Self { defect, also: &[] }
    }

    /// A value of which only the check speaks.
    pub fn value(value: impl Into<String>) -> Vec<Self> {
        vec![Self::new(Defect::Value(value.into()))]
    }
}

/// A check for which a value is broken.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The catalogue, for code lists.
    pub catalog: &'a Catalog,
    /// The column.
    pub column: &'a WireColumn,
    /// The check.
    pub check: &'a CheckSpec,
    /// Whether it is the column of the sending unit.
    pub is_hospcode: bool,
}

/// A value outside lists, all of which must be there and whole.
pub fn outside_lists(catalog: &Catalog, column: &WireColumn, names: &[&str]) -> Option<String> {
    let lists: Option<Vec<_>> =
        names.iter().map(|name| catalog.codes.get(name).filter(|list| list.whole)).collect();
    let lists = lists?;
    // In a column of digits letters would be another fault.
    let digits = |value: &String| value.bytes().all(|byte| byte.is_ascii_digit());
    candidates(column.width)
        .filter(|value| column.kind != Type::Digits || digits(value))
        .find(|value| lists.iter().all(|list| !list.codes.contains(value)))
}

/// Values that fit a coded field, unlikely ones first.
pub(super) fn candidates(width: usize) -> impl Iterator<Item = String> {
    let width = width.clamp(1, 4);
    ["Z", "Y", "X", "8", "7", "6", "9", "0"].into_iter().map(move |letter| letter.repeat(width))
}
