//! Tab-separated values.

use super::document::Document;
use super::form::Form;
use super::table::Table;
use crate::text::Lang;

/// The format.
pub(super) const FORM: Form = Form {
    name: "tsv",
    media_type: "text/tab-separated-values; charset=utf-8",
    binary: false,
    write: |document, lang, _| Ok(whole(document, lang)),
    table: Some(table),
};

fn whole(document: &Document, lang: Lang) -> Vec<u8> {
    document.tables().flat_map(|of| table(of, lang)).collect()
}

fn table(of: &Table, lang: Lang) -> Vec<u8> {
    let line = |row: &Vec<super::table::Cell>| {
        let cells = row.iter().zip(&of.columns);
        let cells: Vec<String> = cells.map(|(cell, c)| cell.plain(c.kind, lang)).collect();
        cells.join("\t") + "\n"
    };
    of.rows.iter().map(line).collect::<String>().into_bytes()
}
