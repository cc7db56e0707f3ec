//! What a report says, before it has a form.

use super::chart::Chart;
use super::prose::Prose;
use super::table::Table;
use crate::text::Bilingual;

/// A part of a document, from the top to the foot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A table.
    Table(Table),
    /// A chart; only for people, so that only HTML has it.
    Chart(Chart),
    /// A text that people wrote.
    Prose(Prose),
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// Its name for programs, and for its file.
    pub name: String,
    /// Its title.
    pub title: Bilingual,
    /// Lines below the title: period, region.
    pub lines: Vec<Bilingual>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// What is to be known with all of it.
    pub notes: Vec<Bilingual>,
    /// What is still to be done, for who makes it: above the page on a screen,
    /// and in nothing that is printed or read by programs.
    pub hints: Vec<Bilingual>,
}

impl Document {
    /// A document of one table, with the table's title.
    pub fn of_table(table: Table) -> Self {
        let (name, title) = (table.name.clone(), table.title.clone());
        Self { name, title, parts: vec![Part::Table(table)], ..Self::default() }
    }

    /// Its tables, in their order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.parts.iter().filter_map(|part| match part {
            Part::Table(table) => Some(table),
            Part::Chart(_) | Part::Prose(_) => None,
        })
    }
}
