//! A table that knows what its cells are, so that each form writes them right:
//! a number as a number, a text never as a formula.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::prose::Prose;
use super::words::{day, grouped, rounded};
use crate::text::{Bilingual, Lang};

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bilingual and codes.
    Text,
    /// Whole numbers.
    Int,
    /// Decimals with so many places.
    Decimal(u32),
    /// Parts of a hundred with so many places: 95.59 is 95.59 %.
    Percent(u32),
    /// Days.
    Date,
}

impl Kind {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "int",
            Self::Decimal(_) => "decimal",
            Self::Percent(_) => "percent",
            Self::Date => "date",
        }
    }

    /// Whether its cells stand flush right.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal(_) | Self::Percent(_))
    }

    /// Decimal places of its numbers; none where numbers stay as they are.
    pub fn places(self) -> Option<u32> {
        match self {
            Self::Decimal(places) | Self::Percent(places) => Some(places),
            Self::Text | Self::Int | Self::Date => None,
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name for programs: the heading in CSV, the key in JSON.
    pub id: String,
    /// Its heading for people.
    pub heading: Bilingual,
    /// What its values are a number of.
    pub unit: Option<Bilingual>,
    /// What its cells are.
    pub kind: Kind,
}

impl Column {
    /// A column without a unit.
    pub fn new(id: &str, th: &str, en: &str, kind: Kind) -> Self {
        Self { id: id.to_owned(), heading: Bilingual::new(th, en), unit: None, kind }
    }

    /// A column without a unit, with its heading in both languages.
    pub fn titled(id: &str, heading: Bilingual, kind: Kind) -> Self {
        Self { id: id.to_owned(), heading, unit: None, kind }
    }

    /// With a unit.
    #[must_use]
    pub fn of_unit(mut self, unit: Bilingual) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Heading and unit for people.
    pub fn title(&self, lang: Lang) -> String {
        let heading = self.heading.pick(lang);
        match &self.unit {
            Some(unit) => format!("{heading} ({})", unit.pick(lang)),
            None => heading.to_owned(),
        }
    }
}

/// One value. A cell need not be of its column's kind: where a number is
/// wanted, a text may say why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing to say; never a nought.
    Empty,
    /// A whole number.
    Int(i64),
    /// A decimal.
    Decimal(Decimal),
    /// A part of a hundred.
    Percent(Decimal),
    /// Bilingual of somebody else, or a code.
    Text(String),
    /// Bilingual of ours.
    Bilingual(Bilingual),
    /// A day.
    Date(NaiveDate),
    /// Formatted text, made harmless.
    Prose(Prose),
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A decimal, or nothing.
    pub fn decimal(value: Option<Decimal>) -> Self {
        value.map_or(Self::Empty, Self::Decimal)
    }

    /// A part of a hundred, or nothing.
    pub fn percent(value: Option<Decimal>) -> Self {
        value.map_or(Self::Empty, Self::Percent)
    }

    /// As a program reads it: no thousands apart, days as ISO 8601.
    pub fn plain(&self, kind: Kind, lang: Lang) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Int(value) => value.to_string(),
            Self::Decimal(value) | Self::Percent(value) => match kind.places() {
                Some(places) => rounded(*value, places),
                None => value.to_string(),
            },
            Self::Text(text) => text.clone(),
            Self::Bilingual(words) => words.pick(lang).to_owned(),
            Self::Date(on) => on.format("%Y-%m-%d").to_string(),
            Self::Prose(prose) => prose.plain(),
        }
    }

    /// As people read it.
    pub fn shown(&self, kind: Kind, lang: Lang) -> String {
        match self {
            Self::Empty => "–".to_owned(),
            Self::Int(_) | Self::Decimal(_) => grouped(&self.plain(kind, lang)),
            Self::Date(on) => day(*on, lang),
            _ => self.plain(kind, lang),
        }
    }

    /// Whether it is a number or a day, which no program takes for a formula.
    pub fn is_value(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Decimal(_) | Self::Percent(_) | Self::Date(_))
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name for programs, and for its file.
    pub name: String,
    /// Its title for people.
    pub title: Bilingual,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// Rows at the end that sum up.
    pub totals: Vec<Vec<Cell>>,
    /// What is to be known with it, such as local defaults.
    pub notes: Vec<Bilingual>,
}

impl Table {
    /// An empty table.
    pub fn new(name: &str, title: Bilingual, columns: Vec<Column>) -> Self {
        let (rows, totals, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.to_owned(), title, columns, rows, totals, notes }
    }

    /// Adds a row, which must have a cell for every column.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "row of {}", self.name);
        self.rows.push(row);
    }

    /// Adds a row that sums up.
    pub fn push_total(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "total of {}", self.name);
        self.totals.push(row);
    }

    /// Rows, then those that sum up.
    pub fn all_rows(&self) -> impl Iterator<Item = &Vec<Cell>> {
        self.rows.iter().chain(&self.totals)
    }
}
