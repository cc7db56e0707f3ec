//! CSV that a spreadsheet program opens rightly: a byte order mark for Thai,
//! and no cell that it would run as a formula.

use std::borrow::Cow;

use super::document::Document;
use super::form::Form;
use super::table::{Cell, Kind, Table};
use crate::text::Lang;

/// The format.
pub(super) const FORM: Form = Form {
    name: "csv",
    media_type: "text/csv; charset=utf-8; header=present",
    binary: false,
    write: |document, lang, _| Ok(self::document(document, lang)),
    table: Some(table_file),
};

/// The byte order mark that makes spreadsheet programs read UTF-8.
pub const BOM: &str = "\u{feff}";

/// What a spreadsheet program may take for the beginning of a formula; the
/// wide signs are read as the narrow ones where East Asian text is at home.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A cell that begins as a formula is given an apostrophe in front.
pub fn safe(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(BEGINNINGS) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// A table as CSV bytes.
pub fn table<'a, R>(header: &[&str], rows: impl Iterator<Item = R>) -> Vec<u8>
where
    R: IntoIterator<Item = Cow<'a, str>>,
{
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(BOM.as_bytes().to_vec());
    // Writing to memory fails only on rows of unequal length, which is a bug.
    let said = |done: ::csv::Result<()>| {
        if let Err(error) = done {
            log::error!("CSV: {error}");
        }
    };
    said(writer.write_record(header));
    for row in rows {
        for cell in row {
            said(writer.write_field(&*safe(&cell)));
        }
        said(writer.write_record(None::<&[u8]>));
    }
    writer.into_inner().unwrap_or_default()
}

/// Writes a cell into a line that has others, as [`table`] does.
pub(super) fn cell(out: &mut Vec<u8>, cell: &str) {
    let cell = safe(cell);
    if !cell.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        out.extend_from_slice(cell.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// A table for programs: the names of its columns, then its rows. Notes are
/// in the other forms and in an export's manifest.
pub fn table_file(of: &Table, lang: Lang) -> Vec<u8> {
    let mut bytes = BOM.as_bytes().to_vec();
    bytes.extend(lines(of, lang));
    bytes
}

/// A document: its tables one below the other, a blank line between them.
pub fn document(document: &Document, lang: Lang) -> Vec<u8> {
    let tables: Vec<Vec<u8>> = document.tables().map(|table| lines(table, lang)).collect();
    let mut bytes = BOM.as_bytes().to_vec();
    bytes.extend(tables.join("\r\n".as_bytes()));
    bytes
}

fn lines(table: &Table, lang: Lang) -> Vec<u8> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |cells: Vec<String>| {
        if let Err(error) = writer.write_record(&cells) {
            log::error!("CSV of {}: {error}", table.name);
        }
    };
    write(table.columns.iter().map(|column| safe(&column.id).into_owned()).collect());
    for row in table.all_rows() {
        let pairs = table.columns.iter().zip(row);
        write(pairs.map(|(column, cell)| field(cell, column.kind, lang)).collect());
    }
    writer.into_inner().unwrap_or_default()
}

/// Numbers of ours are no formulas, with a sign before them neither: an
/// apostrophe would make text of them.
fn field(cell: &Cell, kind: Kind, lang: Lang) -> String {
    let text = cell.plain(kind, lang);
    if cell.is_value() { text } else { safe(&text).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless_and_quotes_are_kept() {
        let rows = [["=1+1", "-2", "a\"b"], ["@x", "ไข้, ไอ", "1"]];
        let bytes = table(&["a", "b", "c"], rows.into_iter().map(|row| row.map(Cow::Borrowed)));
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "\u{feff}a,b,c\r\n'=1+1,'-2,\"a\"\"b\"\r\n'@x,\"ไข้, ไอ\",1\r\n");
    }
}
