//! Documents for programs. Decimals are text, so that no reader makes floats
//! of them; days are ISO 8601.

use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value, json};

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

/// A document as JSON bytes.
pub fn document(document: &Document, made: DateTime<FixedOffset>) -> Vec<u8> {
    let tables: Vec<Value> = document.tables().map(table).collect();
    let value = json!({
        "name": document.name,
        "title": document.title,
        "lines": document.lines,
        "made_at": made.to_rfc3339(),
        "tables": tables,
        "notes": document.notes,
    });
    let mut bytes = format!("{value:#}").into_bytes();
    bytes.push(b'\n');
    bytes
}

/// A table as a JSON value.
pub fn table(table: &Table) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "id": column.id, "heading": column.heading, "unit": column.unit,
                "kind": column.kind.as_str(),
            })
        })
        .collect();
    json!({
        "name": table.name, "title": table.title, "columns": columns,
        "rows": rows(table, &table.rows), "totals": rows(table, &table.totals),
        "notes": table.notes,
    })
}

fn rows(table: &Table, rows: &[Vec<Cell>]) -> Vec<Value> {
    let row = |cells: &Vec<Cell>| {
        let pairs = table.columns.iter().zip(cells);
        let pairs = pairs.map(|(column, cell)| (column.id.clone(), value(cell, column.kind)));
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    rows.iter().map(row).collect()
}

fn value(cell: &Cell, kind: Kind) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Int(value) => Value::from(*value),
        Cell::Bilingual(Bilingual { th, en }) => json!({ "th": th, "en": en }),
        Cell::Prose(prose) => Value::from(prose.markdown()),
        Cell::Decimal(_) | Cell::Percent(_) | Cell::Text(_) | Cell::Date(_) => {
            Value::from(cell.plain(kind, Lang::En))
        }
    }
}
