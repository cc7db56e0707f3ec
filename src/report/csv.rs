//! CSV that a spreadsheet program opens rightly: a byte order mark for Thai,
//! and no cell that it would run as a formula.

use std::borrow::Cow;

/// The byte order mark that makes spreadsheet programs read UTF-8.
pub const BOM: &str = "\u{feff}";

/// A cell that begins as a formula is given an apostrophe in front.
pub fn safe(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
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
