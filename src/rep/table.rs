//! Files that come back, as lines of values: text with commas or `|` between
//! them, and workbooks. Formulas are not run; a cell has the value that was
//! stored with it.

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;

use calamine::{Data, DataRef, Reader as _, SheetType, Xls, Xlsx};

use super::layout::{FileEncoding, FileForm, RepLayout};
use super::value::of_cell;
use super::{RepError, Result};
use crate::archive::sha256_file;
use crate::config::Limits;
use crate::files::open_plain;
use crate::text::message_with;

/// A line of a file: its number from 1, and its values.
pub type TableLine = (u64, Vec<String>);

/// A sheet of a workbook, or a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name; blank for a text file.
    pub name: String,
    /// Its lines that have values.
    pub lines: Vec<TableLine>,
}

/// A file with what tells it from others.
#[derive(Debug)]
pub struct ReadFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its sheets in their order.
    pub sheets: Vec<Sheet>,
}

/// Reads a file as its layout and the limits allow.
///
/// # Errors
/// A file that cannot be opened or decoded, whose form is not one of the layout's, or
/// that is over a limit of the configuration.
pub fn read(path: &Path, layout: &RepLayout, limits: &Limits) -> Result<ReadFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let form = path.extension().and_then(|ending| FileForm::of_ending(&ending.to_string_lossy()));
    let form = form.filter(|form| layout.forms.contains(form)).ok_or_else(|| {
        RepError::Refused(message_with("rep.no_form", &[("file", &name), ("layout", &layout.id)]))
    })?;
    let io = |cause| RepError::Io { what: path.display().to_string(), cause };
    let file = open_plain(path).map_err(io)?;
    let content = bytes_of(file, limits.rep_bytes, &name)?;
    let (sha256, bytes) = sha256_file(path).map_err(io)?;
    if bytes != content.len() as u64 {
        return Err(refused("rep.changing", &[("file", &name)]));
    }
    let mut cells = Cells { left: limits.rep_cells, most: limits.rep_cells, file: &name };
    let sheets = match form {
        FileForm::Csv => vec![text_of(&decoded(&content, layout, &name)?, b',', true, &mut cells)?],
        FileForm::Txt => {
            vec![text_of(&decoded(&content, layout, &name)?, b'|', false, &mut cells)?]
        }
        FileForm::Xlsx => {
            inflates(&content, limits.rep_inflated_bytes, &name)?;
            xlsx(content, layout, limits, &mut cells)?
        }
        FileForm::Xls => xls(content, layout, limits, &mut cells)?,
    };
    Ok(ReadFile { name, sha256, bytes, sheets })
}

fn refused(key: &str, values: &[(&str, &dyn std::fmt::Display)]) -> RepError {
    RepError::Refused(message_with(key, values))
}

fn bytes_of(file: File, most: u64, name: &str) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut content);
    read.map_err(|cause| RepError::Io { what: name.to_owned(), cause })?;
    if content.len() as u64 > most {
        return Err(refused("rep.too_large", &[("file", &name), ("most", &most)]));
    }
    Ok(content)
}

/// Counts cells, also blank ones between others, which take room too.
struct Cells<'a> {
    left: usize,
    most: usize,
    file: &'a str,
}

impl Cells<'_> {
    fn take(&mut self, count: usize) -> Result<()> {
        self.left = self.left.checked_sub(count).ok_or_else(|| {
            refused("rep.too_many_cells", &[("file", &self.file), ("most", &self.most)])
        })?;
        Ok(())
    }
}

/// The text in the first encoding in which it has no errors.
fn decoded(content: &[u8], layout: &RepLayout, name: &str) -> Result<String> {
    for encoding in &layout.encodings {
        match encoding {
            FileEncoding::Utf8 => {
                let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
                if let Ok(text) = std::str::from_utf8(content) {
                    return Ok(text.to_owned());
                }
            }
            FileEncoding::Windows874 => {
                let (text, bad) = encoding_rs::WINDOWS_874.decode_without_bom_handling(content);
                if !bad {
                    return Ok(text.into_owned());
                }
            }
        }
    }
    Err(refused("rep.no_encoding", &[("file", &name)]))
}

fn text_of(text: &str, between: u8, quotes: bool, cells: &mut Cells<'_>) -> Result<Sheet> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(between)
        .quoting(quotes)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records() {
        // In memory and flexible: nothing is left that could fail.
        let record = record.map_err(|error| RepError::Value(error.to_string()))?;
        cells.take(record.len())?;
        let at = record.position().map_or(0, csv::Position::line);
        lines.push((at, record.iter().map(str::to_owned).collect()));
    }
    Ok(Sheet { name: String::new(), lines })
}

/// Proves that a workbook inflates to no more than it may, whatever it says.
fn inflates(content: &[u8], most: u64, name: &str) -> Result<()> {
    let bad = |error: &dyn std::fmt::Display| {
        refused("rep.no_workbook", &[("file", &name), ("error", &error)])
    };
    let mut zip = zip::ZipArchive::new(Cursor::new(content)).map_err(|e| bad(&e))?;
    let mut left = most;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|e| bad(&e))?;
        let read = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        left = left
            .checked_sub(read.map_err(|e| bad(&e))?)
            .ok_or_else(|| refused("rep.too_large", &[("file", &name), ("most", &most)]))?;
    }
    Ok(())
}

/// The sheets that are looked at: the one that the layout names, or all.
fn wanted(
    sheets: &[calamine::Sheet],
    layout: &RepLayout,
    limits: &Limits,
    file: &str,
) -> Result<Vec<String>> {
    if sheets.len() > limits.rep_sheets {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("file", &file), ("most", &limits.rep_sheets)];
        return Err(refused("rep.too_many_sheets", &values));
    }
    let tables = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let asked = |name: &str| layout.sheet.as_deref().is_none_or(|sheet| sheet == name);
    Ok(tables.map(|sheet| sheet.name.clone()).filter(|name| asked(name)).collect())
}

fn xlsx(
    content: Vec<u8>,
    layout: &RepLayout,
    limits: &Limits,
    cells: &mut Cells<'_>,
) -> Result<Vec<Sheet>> {
    let file = cells.file.to_owned();
    let bad = |error: calamine::XlsxError| {
        refused("rep.no_workbook", &[("file", &file), ("error", &error)])
    };
    let mut book = Xlsx::new(Cursor::new(content)).map_err(bad)?;
    let mut sheets = Vec::new();
    for name in wanted(book.sheets_metadata(), layout, limits, &file)? {
        let mut lines: Vec<TableLine> = Vec::new();
        let mut reader = book.worksheet_cells_reader(&name).map_err(bad)?;
        while let Some(cell) = reader.next_cell().map_err(bad)? {
            let ((row, column), value) = (cell.get_position(), of_data_ref(cell.get_value()));
            put(&mut lines, u64::from(row) + 1, column as usize, value, cells)?;
        }
        sheets.push(Sheet { name, lines });
    }
    Ok(sheets)
}

/// Puts a cell into its line; cells come in the order of lines.
fn put(
    lines: &mut Vec<TableLine>,
    line: u64,
    column: usize,
    value: String,
    cells: &mut Cells<'_>,
) -> Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    if lines.last().is_none_or(|(last, _)| *last != line) {
        lines.push((line, Vec::new()));
    }
    if let Some((_, values)) = lines.last_mut() {
        if values.len() <= column {
            cells.take(column + 1 - values.len())?;
            values.resize(column + 1, String::new());
        }
        values[column] = value;
    }
    Ok(())
}

fn xls(
    content: Vec<u8>,
    layout: &RepLayout,
    limits: &Limits,
    cells: &mut Cells<'_>,
) -> Result<Vec<Sheet>> {
    let file = cells.file.to_owned();
    let bad = |error: calamine::XlsError| {
        refused("rep.no_workbook", &[("file", &file), ("error", &error)])
    };
    let mut book = Xls::new(Cursor::new(content)).map_err(bad)?;
    let mut sheets = Vec::new();
    for name in wanted(book.sheets_metadata(), layout, limits, &file)? {
        let range = book.worksheet_range(&name).map_err(bad)?;
        let (first, left) = range.start().unwrap_or_default();
        let mut lines: Vec<TableLine> = Vec::new();
        for (row, column, value) in range.used_cells() {
            let line = u64::from(first) + row as u64 + 1;
            put(&mut lines, line, left as usize + column, of_data(value), cells)?;
        }
        sheets.push(Sheet { name, lines });
    }
    Ok(sheets)
}

/// A day of a cell as `YYYYMMDD`, with the year as the cell has it.
fn day(at: &calamine::ExcelDateTime) -> String {
    if !at.is_datetime() {
        return of_cell(at.as_f64());
    }
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    format!("{year:04}{month:02}{day:02}")
}

fn iso(text: &str) -> String {
    text.get(..10).unwrap_or(text).replace('-', "")
}

fn of_data(value: &Data) -> String {
    match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => of_cell(*number),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(is) => is.to_string(),
        Data::DateTime(at) => day(at),
        Data::DateTimeIso(text) => iso(text),
        _ => String::new(),
    }
}

fn of_data_ref(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        value => of_data(&Data::from(value.clone())),
    }
}
