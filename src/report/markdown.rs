//! Markdown, for a message or a wiki.

use super::document::Document;
use super::form::Form;
use super::table::{Cell, Table};
use crate::text::Lang;

/// The format.
pub(super) const FORM: Form = Form {
    name: "markdown",
    media_type: "text/markdown; charset=utf-8",
    binary: false,
    write: |document, lang, _| Ok(whole(document, lang).into_bytes()),
    table: None,
};

fn whole(document: &Document, lang: Lang) -> String {
    let title = format!("# {}\n", document.title.pick(lang));
    let tables = document.tables().map(|of| format!("\n{}", table(of, lang)));
    [title].into_iter().chain(tables).collect()
}

fn table(of: &Table, lang: Lang) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let row = |row: &Vec<Cell>| {
        let cells = row.iter().zip(&of.columns);
        line(cells.map(|(cell, column)| escaped(&cell.plain(column.kind, lang))).collect())
    };
    let heads = of.columns.iter().map(|column| escaped(&column.title(lang))).collect();
    let rule = of.columns.iter().map(|_| "---".to_owned()).collect();
    [line(heads), line(rule)].into_iter().chain(of.all_rows().map(row)).collect()
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}
