//! Documents as workbooks: a sheet for each table, headings that stay in view,
//! numbers as numbers, text never as a formula.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Timelike};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};
use unicode_width::UnicodeWidthStr;

use super::document::Document;
use super::error::ReportError;
use super::form::Form;
use super::table::{Cell, Column, Kind, Table};
use super::words::day;
use crate::text::Lang;

/// The format.
pub(super) const FORM: Form = Form {
    name: "xlsx",
    media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    binary: true,
    write: document,
    table: None,
};

type Result<T> = std::result::Result<T, ReportError>;

/// Longest text of a cell that the programs take, in UTF-16 units.
const LONGEST_TEXT: usize = 32_767;

/// Longest name of a sheet.
const LONGEST_NAME: usize = 31;

/// Widest and narrowest columns, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 8..=60;

/// Height of a line of text, and the highest row that the programs take.
const LINE_POINTS: f64 = 16.0;
const HIGHEST_POINTS: f64 = 409.0;

/// A3 and A4 are numbers to the format.
const PAPER_A4: u8 = 9;

/// More columns than these are printed across.
const UPRIGHT_COLUMNS: usize = 6;

/// A document as the bytes of a workbook.
///
/// # Errors
/// Fails if the workbook cannot be made, as when it has more rows than a sheet can
/// have.
pub fn document(document: &Document, lang: Lang, made: DateTime<FixedOffset>) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let time = moment(made)?;
    book.set_properties(
        &DocProperties::new().set_title(document.title.pick(lang)).set_creation_datetime(&time),
    );
    let mut names = BTreeSet::new();
    for table in document.tables() {
        let name = sheet_name(table.title.pick(lang), &mut names);
        let sheet = book.add_worksheet();
        sheet.set_name(&name)?;
        Page { sheet, table, lang, row: 0, widths: Vec::new() }.write(document)?;
    }
    if names.is_empty() {
        book.add_worksheet().write_string(0, 0, document.title.pick(lang))?;
    }
    Ok(book.save_to_buffer()?)
}

fn moment(at: DateTime<FixedOffset>) -> Result<ExcelDateTime> {
    let time = at.time();
    Ok(date(at.date_naive())?.and_hms(time.hour() as u16, time.minute() as u8, time.second())?)
}

fn date(on: NaiveDate) -> Result<ExcelDateTime> {
    Ok(ExcelDateTime::from_ymd(on.year() as u16, on.month() as u8, on.day() as u8)?)
}

/// A sheet's name: short, without signs that are not allowed, and its own.
fn sheet_name(title: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| !c.is_control() && !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\');
    let kept: String = title.chars().filter(|c| plain(*c)).collect();
    let kept = kept.trim().trim_matches('\'');
    for number in 1.. {
        let ending = if number == 1 { String::new() } else { format!(" ({number})") };
        let room = LONGEST_NAME - ending.len();
        let stem: String = kept.chars().take(room).collect();
        let stem = if stem.is_empty() { "-" } else { stem.trim_end_matches('\'') };
        let name = format!("{stem}{ending}");
        // Names that differ only in case are the same to the programs.
        if taken.insert(name.to_lowercase()) {
            return name;
        }
    }
    unreachable!("one of more names than tables is free")
}

struct Page<'a> {
    sheet: &'a mut Worksheet,
    table: &'a Table,
    lang: Lang,
    row: u32,
    /// Width of each column, in characters.
    widths: Vec<usize>,
}

impl Page<'_> {
    fn write(mut self, document: &Document) -> Result<()> {
        let bold = Format::new().set_bold().set_font_size(14);
        self.line(document.title.pick(self.lang), &bold)?;
        for line in &document.lines {
            self.line(line.pick(self.lang), &Format::new())?;
        }
        if self.table.title != document.title {
            self.line(self.table.title.pick(self.lang), &Format::new().set_bold())?;
        }
        self.shape()?;
        self.headings()?;
        for row in &self.table.rows {
            self.cells(row, false)?;
        }
        for row in &self.table.totals {
            self.cells(row, true)?;
        }
        self.row += 1;
        let quiet = Format::new().set_italic();
        for note in self.table.notes.iter().chain(&document.notes) {
            self.line(note.pick(self.lang), &quiet)?;
        }
        Ok(())
    }

    fn line(&mut self, text: &str, format: &Format) -> Result<()> {
        self.sheet.write_string_with_format(self.row, 0, cut(text), format)?;
        self.row += 1;
        Ok(())
    }

    fn headings(&mut self) -> Result<()> {
        let format = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter)
            .set_background_color("#E4EFEE")
            .set_border(FormatBorder::Thin);
        for (at, column) in self.table.columns.iter().enumerate() {
            let title = column.title(self.lang);
            self.sheet.write_string_with_format(self.row, at as u16, cut(&title), &format)?;
        }
        let titles = self.table.columns.iter().map(|column| column.title(self.lang));
        let lines = titles.zip(&self.widths).map(|(title, room)| lines(&title, *room)).max();
        self.height(lines)?;
        self.sheet.set_repeat_rows(self.row, self.row)?;
        self.row += 1;
        self.sheet.set_freeze_panes(self.row, 0)?;
        Ok(())
    }

    fn cells(&mut self, cells: &[Cell], total: bool) -> Result<()> {
        for (at, (column, cell)) in self.table.columns.iter().zip(cells).enumerate() {
            self.cell(at as u16, column, cell, total)?;
        }
        let texts = self.table.columns.iter().zip(cells).zip(&self.widths);
        let texts = texts.map(|((column, cell), room)| match cell {
            Cell::Text(_) | Cell::Bilingual(_) | Cell::Prose(_) => {
                lines(&cell.plain(column.kind, self.lang), *room)
            }
            _ => 1,
        });
        let most = texts.max();
        self.height(most)?;
        self.row += 1;
        Ok(())
    }

    /// Not every program makes room for wrapped text by itself.
    fn height(&mut self, lines: Option<usize>) -> Result<()> {
        if let Some(lines) = lines.filter(|lines| *lines > 1) {
            let height = (lines as f64 * LINE_POINTS).min(HIGHEST_POINTS);
            self.sheet.set_row_height(self.row, height)?;
        }
        Ok(())
    }

    fn cell(&mut self, at: u16, column: &Column, cell: &Cell, total: bool) -> Result<()> {
        let mut format = Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::Top);
        if total {
            format = format.set_bold();
        }
        match cell {
            Cell::Empty => {
                self.sheet.write_blank(self.row, at, &format)?;
            }
            Cell::Int(value) => {
                let format = format.set_num_format("#,##0");
                self.sheet.write_number_with_format(self.row, at, *value as f64, &format)?;
            }
            Cell::Decimal(_) | Cell::Percent(_) => {
                // The file format knows no decimals; the text of ours is the
                // shortest that reads back as the same number.
                let text = cell.plain(column.kind, self.lang);
                let number: f64 = text.parse().unwrap_or_default();
                let format = format.set_num_format(number_format(&text));
                self.sheet.write_number_with_format(self.row, at, number, &format)?;
            }
            Cell::Date(on) => {
                let format = format.set_num_format("yyyy-mm-dd");
                self.sheet.write_datetime_with_format(self.row, at, &date(*on)?, &format)?;
            }
            Cell::Text(_) | Cell::Bilingual(_) | Cell::Prose(_) => {
                let text = cell.plain(column.kind, self.lang);
                let format = format.set_text_wrap();
                self.sheet.write_string_with_format(self.row, at, cut(&text), &format)?;
            }
        }
        Ok(())
    }

    /// Widths by what stands in the columns, and how it is printed.
    fn shape(&mut self) -> Result<()> {
        for (at, column) in self.table.columns.iter().enumerate() {
            let cells = self.table.all_rows().filter_map(|row| row.get(at));
            let shown = cells.map(|cell| match (cell, column.kind) {
                (Cell::Date(on), Kind::Date) => width(&day(*on, self.lang)),
                _ => width(&cell.shown(column.kind, self.lang)),
            });
            // Headings are wrapped, so that half of theirs will do.
            let heading = width(&column.title(self.lang)).div_ceil(2);
            let widest = shown.max().unwrap_or(0).max(heading) + 2;
            let widest = widest.clamp(*WIDTHS.start(), *WIDTHS.end());
            self.sheet.set_column_width(at as u16, widest as f64)?;
            self.widths.push(widest);
        }
        self.sheet.set_paper_size(PAPER_A4).set_print_fit_to_pages(1, 0);
        if self.table.columns.len() > UPRIGHT_COLUMNS {
            self.sheet.set_landscape();
        }
        Ok(())
    }
}

/// The format of numbers with the places of this one.
fn number_format(text: &str) -> String {
    match text.split_once('.') {
        Some((_, places)) => format!("#,##0.{}", "0".repeat(places.len())),
        None => "#,##0".to_owned(),
    }
}

/// A text no longer than the programs take.
fn cut(text: &str) -> &str {
    let mut units = 0;
    let too_long = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LONGEST_TEXT
    });
    too_long.map_or(text, |(at, _)| &text[..at])
}

/// Columns that the longest line takes.
fn width(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// Lines that a text takes in a column of so many characters. Bilingual are not
/// cut, so that a little of each line stays empty.
fn lines(text: &str, room: usize) -> usize {
    let room = room.saturating_sub(2).max(1);
    text.lines().map(|line| width(line).div_ceil(room).max(1)).sum::<usize>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_names_that_are_allowed_and_their_own() {
        let mut taken = BTreeSet::new();
        assert_eq!(sheet_name("ผล/ไตรมาส [3]: *?\\", &mut taken), "ผลไตรมาส 3");
        assert_eq!(sheet_name("ผลไตรมาส 3", &mut taken), "ผลไตรมาส 3 (2)");
        let long = "ก".repeat(40);
        assert_eq!(sheet_name(&long, &mut taken).chars().count(), 31);
        assert_eq!(sheet_name(&long, &mut taken).chars().count(), 31);
        assert_eq!(sheet_name("'", &mut taken), "-");
    }

    #[test]
    fn thai_marks_take_no_width() {
        assert_eq!(width("กำลัง"), 4);
        assert_eq!(width("ที่\nabcde"), 5);
    }

    #[test]
    fn endless_text_is_cut_between_letters() {
        let text = "ก".repeat(40_000);
        assert_eq!(cut(&text).chars().count(), LONGEST_TEXT);
        assert_eq!(cut("ก"), "ก");
    }

    #[test]
    fn wrapped_text_takes_as_many_lines_as_it_needs() {
        for (text, room, expected) in [
            ("", 10, 1),
            ("12345678", 10, 1),
            ("123456789", 10, 2),
            ("a\nb\n", 10, 2),
            ("ab", 1, 2),
        ] {
            assert_eq!(lines(text, room), expected, "{text} in {room}");
        }
    }
}
