//! What each unit is told of an answer: which of its rows were passed, which
//! refused and why, what they earned, and what to mend. A file for each unit
//! and month, in its outbox; the same again when it is made again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::{RepError, Result};
use crate::archive::Standard;
use crate::catalog::Catalog;
use crate::files::{make_folder, write_together};
use crate::report::words;
use crate::report::{Cell, Column, Document, Format, Kind, Lang, Part, Table};
use crate::store::{Reader, RepFilter, RepLine, RepRowLine};
use crate::submission::Texts;
use crate::text::{Bilingual, message, message_with};
use crate::units::Units;

/// What a unit is told of a month.
#[derive(Debug, Clone)]
pub struct RepLetter {
    /// The unit.
    pub hcode: String,
    /// The month, `YYYYMM`; 0 for rows without a day.
    pub month: i64,
    /// What it says.
    pub document: Document,
}

/// Files that were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SentLetters {
    /// The file that came back.
    pub rep: i64,
    /// Files by unit, below the data folder.
    pub units: BTreeMap<String, Vec<String>>,
    /// Codes that are told and are not in the list of units: nothing was
    /// written for them.
    pub no_units: BTreeSet<String>,
}

/// Lines of a file that are read at a time.
const PAGE: u64 = 50_000;

/// Endings of the files of a letter, with their formats.
const ENDINGS: [(&str, Format); 3] =
    [(".rep.csv", Format::Csv), (".rep.xlsx", Format::Xlsx), (".rep.html", Format::Html)];

/// What units are told of a file that came back; of one unit alone with its
/// code.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn letters(
    reader: &Reader,
    catalog: &Catalog,
    rep: &RepLine,
    hcode: Option<&str>,
) -> Result<Vec<RepLetter>> {
    let filter = RepFilter { hcode: hcode.map(str::to_owned), ..RepFilter::default() };
    let mut by_letter: BTreeMap<(String, i64), Vec<RepRowLine>> = BTreeMap::new();
    let mut page = 1;
    loop {
        let found = reader.rep_rows(rep.rep, &filter, page, PAGE)?;
        let last = page * PAGE >= found.total;
        for row in found.rows.into_iter().filter(|row| !row.hcode.is_empty()) {
            let month = row.day.map_or(0, |day| day / 100);
            by_letter.entry((row.hcode.clone(), month)).or_default().push(row);
        }
        if last {
            break;
        }
        page += 1;
    }
    let mut standards: BTreeMap<i64, (Option<Standard>, String)> = BTreeMap::new();
    let submissions: BTreeSet<i64> =
        by_letter.values().flatten().filter_map(|row| row.submission).collect();
    for submission in submissions {
        if let Some((standard, archive)) = reader.archive_of(submission)? {
            let standard = standard.and_then(|standard| standard.parse().ok());
            standards.insert(submission, (standard, archive));
        }
    }
    let letters = by_letter.into_iter().map(|((hcode, month), rows)| {
        let of = LetterOf { catalog, rep, archives: &standards, hcode: &hcode, month };
        RepLetter { document: of.document(&rows), hcode: hcode.clone(), month }
    });
    Ok(letters.collect())
}

/// What a unit is told of all months, as one document: every table says which
/// month it is of.
pub fn all_months(mut letters: Vec<RepLetter>, hcode: &str, rep: i64) -> Document {
    if letters.len() == 1 {
        return letters.remove(0).document;
    }
    let mut all = Document { name: format!("REP_{hcode}_{rep}"), ..Document::default() };
    for RepLetter { month, document, .. } in letters {
        if all.parts.is_empty() {
            all.title = message_with("rep.letter_title_all", &[("hcode", &hcode)]);
            (all.lines, all.notes) = (document.lines, document.notes);
        }
        let name = month_name(month);
        all.parts.extend(document.parts.into_iter().map(|part| match part {
            Part::Table(mut table) => {
                table.name = format!("{}_{month:06}", table.name);
                let of = |lang| format!("{}: {}", name.pick(lang), table.title.pick(lang));
                table.title = Bilingual::new(of(Lang::Th), of(Lang::En));
                Part::Table(table)
            }
            other => other,
        }));
    }
    all
}

/// Writes what units are told into their outboxes. Each file appears whole, and
/// a run that was broken off is made up for by the next one.
///
/// # Errors
/// A file that cannot be written, such as on a full disk; those before it stand.
pub fn send(
    letters: &[RepLetter],
    rep: &RepLine,
    data: &Path,
    outbox: &Path,
    units: &Units,
    made: DateTime<FixedOffset>,
) -> Result<SentLetters> {
    let mut sent = SentLetters { rep: rep.rep, ..SentLetters::default() };
    for letter in letters {
        if !units.knows(&letter.hcode) {
            sent.no_units.insert(letter.hcode.clone());
            continue;
        }
        let folder = outbox.join(&letter.hcode);
        let io = |cause| RepError::Io { what: folder.display().to_string(), cause };
        make_folder(&folder, 0o770).map_err(io)?;
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for (ending, format) in ENDINGS {
            let bytes = letter.document.write(format, Lang::Th, made)?;
            files.push((format!("{}{ending}", letter.document.name), bytes));
        }
        let named: Vec<(String, &[u8])> =
            files.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect();
        write_together(&folder, &named, || crate::crash_point("rep_letter_begun")).map_err(io)?;
        let place = |(name, _): &(String, Vec<u8>)| {
            let path = folder.join(name);
            path.strip_prefix(data).unwrap_or(&path).display().to_string()
        };
        sent.units.entry(letter.hcode.clone()).or_default().extend(files.iter().map(place));
    }
    Ok(sent)
}

/// All that a letter is made of.
struct LetterOf<'a> {
    catalog: &'a Catalog,
    rep: &'a RepLine,
    archives: &'a BTreeMap<i64, (Option<Standard>, String)>,
    hcode: &'a str,
    month: i64,
}

fn number(of: usize) -> Cell {
    Cell::Int(of as i64)
}

/// A month in words; 0 is none.
fn month_name(month: i64) -> Bilingual {
    let first = NaiveDate::from_ymd_opt((month / 100) as i32, (month % 100) as u32, 1);
    first.map_or_else(
        || message("rep.no_month"),
        |first| Bilingual::new(words::month(first, Lang::Th), words::month(first, Lang::En)),
    )
}

fn points(row: &RepRowLine) -> Decimal {
    row.points.as_ref().and_then(|points| points.parse().ok()).unwrap_or_default()
}

impl LetterOf<'_> {
    fn document(&self, rows: &[RepRowLine]) -> Document {
        let month = month_name(self.month);
        let values: [(&str, &dyn Display); 3] =
            [("hcode", &self.hcode), ("th", &month.th), ("en", &month.en)];
        let mut document = Document {
            name: format!("REP_{}_{:06}_{}", self.hcode, self.month, self.rep.rep),
            title: message_with("rep.letter_title", &values),
            ..Document::default()
        };
        let values: [(&str, &dyn Display); 3] = [
            ("file", &self.rep.file),
            ("destination", &self.rep.destination),
            ("day", &self.rep.imported_at.get(..10).unwrap_or("")),
        ];
        document.lines.push(message_with("rep.letter_of", &values));
        if !self.rep.proven {
            document.notes.push(message_with("rep.unproven", &[("layout", &self.rep.layout)]));
        }
        document.parts.push(Part::Table(self.refused(rows)));
        document.parts.push(Part::Table(sums(rows)));
        document
    }

    /// Rows that were refused, there or here, with how to mend them.
    fn refused(&self, rows: &[RepRowLine]) -> Table {
        let text = |id: &str, key: &str| Column::titled(id, message(key), Kind::Text);
        let mut table = Table::new(
            "refused",
            message("rep.letter_refused"),
            vec![
                text("archive", "rep.column_archive"),
                text("file", "rep.column_file"),
                Column::titled("line", message("rep.column_line"), Kind::Int),
                text("key", "rep.column_key"),
                text("code", "rep.column_code"),
                text("what", "rep.column_what"),
                text("mend", "rep.column_mend"),
                text("freed", "rep.column_freed"),
            ],
        );
        for row in rows.iter().filter(|row| !row.passed) {
            let of = row.submission.and_then(|submission| self.archives.get(&submission));
            let standard = of.and_then(|(standard, _)| *standard);
            let (what, mend) = told(self.catalog, &row.code, standard);
            let freed = match (row.submission, row.freed) {
                (None, _) => message("rep.nobodys"),
                (Some(_), true) => message("rep.send_corrected"),
                (Some(_), false) => message("rep.wait_for_freeing"),
            };
            table.push(vec![
                Cell::text(of.map_or(row.archive.as_str(), |(_, archive)| archive)),
                Cell::text(&row.file),
                row.line.map_or(Cell::Empty, |line| Cell::Int(i64::from(line))),
                Cell::text(&row.key),
                Cell::text(&row.code),
                Cell::Bilingual(what),
                Cell::Bilingual(mend),
                Cell::Bilingual(freed),
            ]);
        }
        table
    }
}

/// What codes mean and how what they say is mended, as our catalogue has it;
/// the code itself is all that is known of another one.
pub fn told(catalog: &Catalog, codes: &str, standard: Option<Standard>) -> (Bilingual, Bilingual) {
    let (mut what, mut mend) = (Vec::new(), Vec::new());
    for code in codes.split(',').filter(|code| !code.is_empty()) {
        let standards = standard.into_iter().chain([Standard::F43, Standard::F21]);
        let texts = standards
            .map(|standard| Texts::find(catalog, code, Some(standard)))
            .find(|texts| !texts.th.is_empty());
        match texts {
            Some(texts) => {
                what.push(Bilingual::new(texts.th, texts.en));
                mend.push(Bilingual::new(texts.fix_th, texts.fix_en));
            }
            None => what.push(message_with("rep.unknown_code", &[("code", &code)])),
        }
    }
    if mend.is_empty() {
        mend.push(message("rep.ask_them"));
    }
    let joined = |all: &[Bilingual]| {
        let of = |lang| all.iter().map(|text| text.pick(lang)).collect::<Vec<_>>().join("; ");
        Bilingual::new(of(Lang::Th), of(Lang::En))
    };
    (joined(&what), joined(&mend))
}

/// A row: its submission and line, or the line of one that is nobody's.
type RowOf = (Option<i64>, Option<u32>, u64);

/// Passed and refused rows of each file, and what they earned.
fn sums(rows: &[RepRowLine]) -> Table {
    let count = |id: &str, key: &str| Column::titled(id, message(key), Kind::Int);
    let mut table = Table::new(
        "sums",
        message("rep.letter_sums"),
        vec![
            Column::titled("file", message("rep.column_file"), Kind::Text),
            count("received", "rep.column_received"),
            count("passed", "rep.column_passed"),
            count("refused", "rep.column_refused"),
            Column::titled("points", message("rep.column_points"), Kind::Decimal(2)),
        ],
    );
    // Several codes of a row may stand on several lines.
    let mut of_file: BTreeMap<&str, BTreeMap<RowOf, (bool, Decimal)>> = BTreeMap::new();
    for row in rows {
        let own = row.submission.map_or(row.at, |_| 0);
        let of = of_file.entry(&row.file).or_default();
        let known = of.entry((row.submission, row.line, own)).or_insert((true, Decimal::ZERO));
        known.0 &= row.passed;
        known.1 = known.1.max(points(row));
    }
    let (mut all, mut passed, mut earned) = (0, 0, Decimal::ZERO);
    for (file, rows) in of_file {
        let of_passed = rows.values().filter(|(passed, _)| *passed).count();
        let points: Decimal = rows.values().map(|(_, points)| *points).sum();
        table.push(vec![
            Cell::text(file),
            number(rows.len()),
            number(of_passed),
            number(rows.len() - of_passed),
            Cell::Decimal(points),
        ]);
        all += rows.len();
        passed += of_passed;
        earned += points;
    }
    table.push_total(vec![
        Cell::Bilingual(message("rep.total")),
        number(all),
        number(passed),
        number(all - passed),
        Cell::Decimal(earned),
    ]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(month: i64) -> RepLetter {
        let table = Table::new("sums", message("rep.letter_sums"), Vec::new());
        let document = Document { parts: vec![Part::Table(table)], ..Document::default() };
        RepLetter { hcode: "03590".to_owned(), month, document }
    }

    #[test]
    fn every_table_of_several_months_says_which_month_it_is_of() {
        let months = [0, 201_401, 201_402];
        let all = all_months(months.map(letter).to_vec(), "03590", 7);
        assert_eq!((&*all.name, all.title.en.contains("2014")), ("REP_03590_7", false));
        let tables: Vec<&Table> = all.tables().collect();
        let names: Vec<&str> = tables.iter().map(|table| &*table.name).collect();
        assert_eq!(names, ["sums_000000", "sums_201401", "sums_201402"]);
        for (table, month) in tables.iter().zip(months) {
            let name = month_name(month);
            assert!(table.title.th.starts_with(&name.th), "{:?}", table.title);
            assert!(table.title.en.starts_with(&name.en), "{:?}", table.title);
        }
        let one = all_months(vec![letter(201_401)], "03590", 7);
        assert_eq!(one.tables().map(|table| &*table.name).collect::<Vec<_>>(), ["sums"]);
    }
}
