//! What a report says, before it has a form.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::chart::Chart;
use super::words::{Lang, Words};
use super::{Prose, ReportError, Table, csv, html, json, xlsx};

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
    pub title: Words,
    /// Lines below the title: period, region.
    pub lines: Vec<Words>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// What is to be known with all of it.
    pub notes: Vec<Words>,
    /// What is still to be done, for who makes it: above the page on a screen,
    /// and in nothing that is printed or read by programs.
    pub hints: Vec<Words>,
}

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values, for spreadsheets and programs.
    Csv,
    /// A workbook.
    Xlsx,
    /// For programs.
    Json,
    /// A page for people, which prints well.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Json, Self::Html];

    /// Its name, and the ending of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The format of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// What HTTP calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
        }
    }
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

    /// Writes it in a format. `made` is the time that it says it was made at.
    pub fn write(
        &self,
        format: Format,
        lang: Lang,
        made: DateTime<FixedOffset>,
    ) -> Result<Vec<u8>, ReportError> {
        Ok(match format {
            Format::Csv => csv::document(self, lang),
            Format::Xlsx => xlsx::document(self, lang, made)?,
            Format::Json => json::document(self, made),
            Format::Html => html::document(self, lang, made)?,
        })
    }

    /// Writes it into files: one a format, but in CSV one a table, because a
    /// program expects one heading in a file.
    pub fn files(
        &self,
        format: Format,
        lang: Lang,
        made: DateTime<FixedOffset>,
    ) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
        let ending = format.as_str();
        if format == Format::Csv {
            let file = |table: &Table| (format!("{}.{ending}", table.name), csv::of(table, lang));
            return Ok(self.tables().map(file).collect());
        }
        Ok(vec![(format!("{}.{ending}", self.name), self.write(format, lang, made)?)])
    }
}
