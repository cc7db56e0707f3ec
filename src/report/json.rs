//! Documents for programs. Decimals are text, so that no reader makes floats
//! of them; days are ISO 8601.

use chrono::{DateTime, FixedOffset};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::Document;
use super::form::Form;
use super::table::{Cell, Kind, Table};
use crate::text::{Bilingual, Lang};

/// The format.
pub(super) const FORM: Form = Form {
    name: "json",
    media_type: "application/json",
    binary: false,
    write: |document, _, made| Ok(self::document(document, made)),
    table: None,
};

/// A document as JSON.
#[derive(Serialize, JsonSchema)]
pub struct JsonDocument<'a> {
    /// Its name for programs.
    name: &'a str,
    /// Its title.
    title: &'a Bilingual,
    /// Lines below the title: period, region.
    lines: &'a [Bilingual],
    /// When it was made.
    made_at: DateTime<FixedOffset>,
    /// Its tables, from the top.
    tables: Vec<JsonTable<'a>>,
    /// What is to be known with all of it.
    notes: &'a [Bilingual],
}

/// A table of a document.
#[derive(Serialize, JsonSchema)]
struct JsonTable<'a> {
    /// Its name for programs.
    name: &'a str,
    /// Its title.
    title: &'a Bilingual,
    /// Its columns, from the left.
    columns: Vec<JsonColumn<'a>>,
    /// Its rows, each a value by column.
    rows: Vec<JsonRow<'a>>,
    /// Rows of sums below them.
    totals: Vec<JsonRow<'a>>,
    /// What is to be known with it.
    notes: &'a [Bilingual],
}

/// A column of a table.
#[derive(Serialize, JsonSchema)]
struct JsonColumn<'a> {
    /// Its name for programs.
    id: &'a str,
    /// Its heading.
    heading: &'a Bilingual,
    /// What its values are a number of.
    unit: Option<&'a Bilingual>,
    /// Kind of its values.
    kind: &'a str,
}

/// A value; decimals and days are text.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum JsonCell<'a> {
    /// Nothing.
    Empty,
    /// A whole number.
    Whole(i64),
    /// A text in both languages.
    Bilingual(&'a Bilingual),
    /// A text, a decimal, or a day `YYYY-MM-DD`.
    Text(String),
}

/// A row: values by the ids of columns, in their order.
type JsonRow<'a> = IndexMap<&'a str, JsonCell<'a>>;

/// A document as JSON bytes.
pub fn document(document: &Document, made_at: DateTime<FixedOffset>) -> Vec<u8> {
    let Document { name, title, lines, notes, .. } = document;
    let tables = document.tables().map(table).collect();
    let value = JsonDocument { name, title, lines, made_at, tables, notes };
    let mut bytes = serde_json::to_vec_pretty(&value).expect("texts and numbers");
    bytes.push(b'\n');
    bytes
}

fn table(table: &Table) -> JsonTable<'_> {
    let columns = table.columns.iter().map(|column| JsonColumn {
        id: &column.id,
        heading: &column.heading,
        unit: column.unit.as_ref(),
        kind: column.kind.as_str(),
    });
    JsonTable {
        name: &table.name,
        title: &table.title,
        columns: columns.collect(),
        rows: rows(table, &table.rows),
        totals: rows(table, &table.totals),
        notes: &table.notes,
    }
}

fn rows<'a>(table: &'a Table, rows: &'a [Vec<Cell>]) -> Vec<JsonRow<'a>> {
    let row = |cells: &'a Vec<Cell>| {
        let pairs = table.columns.iter().zip(cells);
        pairs.map(|(column, cell)| (&*column.id, value(cell, column.kind))).collect()
    };
    rows.iter().map(row).collect()
}

fn value(cell: &Cell, kind: Kind) -> JsonCell<'_> {
    match cell {
        Cell::Empty => JsonCell::Empty,
        Cell::Int(value) => JsonCell::Whole(*value),
        Cell::Bilingual(text) => JsonCell::Bilingual(text),
        Cell::Prose(prose) => JsonCell::Text(prose.markdown().to_owned()),
        Cell::Decimal(_) | Cell::Percent(_) | Cell::Text(_) | Cell::Date(_) => {
            JsonCell::Text(cell.plain(kind, Lang::En))
        }
    }
}
