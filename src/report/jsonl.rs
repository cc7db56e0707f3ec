//! JSON lines, for programs that read a row at a time: each line one row, with
//! the table that it is of and whether it sums up.

use serde::Serialize;

use super::document::Document;
use super::form::Form;
use super::json::{JsonRow, rows};

/// The format.
pub(super) const FORM: Form = Form {
    name: "jsonl",
    media_type: "application/x-ndjson",
    binary: false,
    write: |document, _, _| Ok(self::document(document)),
    table: None,
};

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    table: &'a str,
    total: bool,
    row: JsonRow<'a>,
}

/// A document as JSON lines, its tables one below the other.
fn document(document: &Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    for table in document.tables() {
        for (total, of) in [(false, &table.rows), (true, &table.totals)] {
            for row in rows(table, of) {
                let line = Line { table: &table.name, total, row };
                bytes.extend(serde_json::to_vec(&line).expect("texts and numbers"));
                bytes.push(b'\n');
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Cell, Column, Kind, Table};
    use crate::text::Bilingual;

    #[test]
    fn each_row_is_a_line_that_names_its_table() {
        let columns = vec![Column::new("unit", "หน่วย", "Unit", Kind::Text)];
        let mut table = Table::new("units", Bilingual::new("หน่วย", "Units"), columns);
        table.push(vec![Cell::text("10670")]);
        table.push_total(vec![Cell::Empty]);
        let bytes = document(&Document::of_table(table));
        let expected = concat!(
            r#"{"table":"units","total":false,"row":{"unit":"10670"}}"#,
            "\n",
            r#"{"table":"units","total":true,"row":{"unit":null}}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
