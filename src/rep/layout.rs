//! Layouts of what comes back, as data: those of the program in `config/rep/`,
//! and over them the province's own in `DATA/config/rep/`, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::value::DayForm;
use crate::catalog::Catalog;
use crate::files::hex;
use crate::overlay::{CONFIG, Overlay};
use crate::text::Bilingual;

/// A mistake in a layout.
#[derive(Debug, thiserror::Error)]
#[error("config/rep/{file}:{line}: {what}")]
pub struct LayoutError {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// What a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutKind {
    /// Of rows, whether they were passed.
    Rows,
    /// Money that was paid.
    Statement,
}

impl LayoutKind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Statement => "statement",
        }
    }
}

/// How a file is written; the ending of its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileForm {
    /// Commas between values, quotes around them where needed.
    Csv,
    /// `|` between values, no quotes.
    Txt,
    /// A workbook since 2007.
    Xlsx,
    /// A workbook before.
    Xls,
}

impl FileForm {
    /// The form that an ending names.
    pub fn of_ending(ending: &str) -> Option<Self> {
        let all =
            [(Self::Csv, "csv"), (Self::Txt, "txt"), (Self::Xlsx, "xlsx"), (Self::Xls, "xls")];
        all.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(ending)).map(|(form, _)| form)
    }
}

/// An encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FileEncoding {
    /// UTF-8, with a mark or without.
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-874, which has TIS-620 in it.
    #[serde(rename = "windows-874")]
    Windows874,
}

/// What a column holds: a word of ours, or a column of the dictionary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayoutWord {
    /// A word of [`WORDS`].
    Ours(&'static str),
    /// A column of a kind of record, in capitals: part of its key.
    Column(String),
}

/// Words that columns of layouts may be, with whether they are of rows and of
/// statements.
const WORDS: [(&str, bool, bool); 17] = [
    ("hcode", true, true),
    ("archive", true, false),
    ("file", true, false),
    ("line", true, false),
    ("key", true, false),
    ("pid", true, false),
    ("seq", true, false),
    ("day", true, false),
    ("code", true, false),
    ("result", true, false),
    ("points", true, false),
    ("round", false, true),
    ("part", false, true),
    ("period", false, true),
    ("cup", false, true),
    ("amount", false, true),
    ("document", false, true),
];

/// The day of a payment.
const PAID_ON: &str = "paid_on";

impl TryFrom<String> for LayoutWord {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((word, ..)) = WORDS.iter().find(|(word, ..)| *word == text) {
            return Ok(Self::Ours(word));
        }
        if text == PAID_ON {
            return Ok(Self::Ours(PAID_ON));
        }
        let is_column = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !text.is_empty() && text.chars().all(is_column) {
            return Ok(Self::Column(text));
        }
        let known: Vec<&str> = WORDS.iter().map(|(word, ..)| *word).chain([PAID_ON]).collect();
        Err(format!(
            "no word {text}: a column is one of {}, or a column of the dictionary in capitals",
            known.join(", ")
        ))
    }
}

impl<'de> Deserialize<'de> for LayoutWord {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for LayoutWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(word) => f.write_str(word),
            Self::Column(column) => f.write_str(column),
        }
    }
}

/// Where the header is, and what it must have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    /// It begins within so many lines.
    pub within: usize,
    /// Lines that it may have, one below the other.
    #[serde(default = "one")]
    pub rows: usize,
    /// Words without which it is none.
    pub needs: Vec<LayoutWord>,
}

fn one() -> usize {
    1
}

/// A layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepLayout {
    /// Its name: that of its file.
    pub id: String,
    /// Its name for people.
    pub name: Bilingual,
    /// Whether it was proven on real files.
    pub proven: bool,
    /// What it is after.
    pub source: String,
    /// Whose answers it reads.
    pub destination: String,
    /// What its files tell.
    pub kind: LayoutKind,
    /// Forms of its files.
    pub forms: Vec<FileForm>,
    /// The sheet of a workbook; the first with the header without one.
    pub sheet: Option<String>,
    /// Encodings of text, in the order in which they are tried.
    pub encodings: Vec<FileEncoding>,
    /// How days are written.
    pub dates: Vec<DayForm>,
    /// Words of a result that mean passed; a blank one when nothing does.
    #[serde(default)]
    pub passed: Vec<String>,
    /// Words of a result that mean refused.
    #[serde(default)]
    pub refused: Vec<String>,
    /// What codes end in that say that the destination has the row already.
    #[serde(default)]
    pub duplicate: Vec<String>,
    /// Lines that begin with one of these are passed over: sums, notes.
    #[serde(default)]
    pub skip: Vec<String>,
    /// The header.
    pub header: HeaderRule,
    /// Names that each column may have in the header.
    pub columns: BTreeMap<LayoutWord, Vec<String>>,
    /// Names that each part of the money may have.
    #[serde(default)]
    pub parts: BTreeMap<String, Vec<String>>,
    /// SHA-256 of its file.
    #[serde(skip)]
    pub version: String,
}

/// Parts that money is paid in.
pub const PARTS: [&str; 3] = ["quarter", "tranche", "support"];

/// Most lines in which a header is looked for.
const FARTHEST: usize = 200;

/// All layouts by id.
#[derive(Debug, Clone, Default)]
pub struct RepLayouts {
    /// The layouts.
    pub all: BTreeMap<String, RepLayout>,
}

impl RepLayouts {
    /// The layouts of the program, with the province's own put over them.
    ///
    /// # Errors
    /// A layout that is no TOML, has an unknown key, word or column, or contradicts itself;
    /// the error names file and line.
    pub fn load(own: Option<&Overlay>, catalog: &Catalog) -> Result<Self, LayoutError> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let fail = |file: &str, what: String| LayoutError { file: file.to_owned(), line: 1, what };
        for file in CONFIG.get_dir("rep").into_iter().flat_map(include_dir::Dir::files) {
            let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = file.contents_utf8().ok_or_else(|| fail(&name, "not UTF-8".to_owned()))?;
            files.insert(name, text.to_owned());
        }
        if let Some(own) = own {
            for (name, path) in own.files().map_err(|e| fail("", e.to_string()))? {
                let text =
                    crate::files::read_plain(&path).map_err(|e| fail(&name, e.to_string()))?;
                files.insert(name, text);
            }
        }
        let all = files.iter().map(|(file, text)| {
            let layout = parse(file, text, catalog)?;
            Ok((layout.id.clone(), layout))
        });
        Ok(Self { all: all.collect::<Result<_, _>>()? })
    }
}

/// Reads a layout and proves it.
fn parse(file: &str, text: &str, catalog: &Catalog) -> Result<RepLayout, LayoutError> {
    let fail = |line: usize, what: String| LayoutError { file: file.to_owned(), line, what };
    let mut layout: RepLayout = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        fail(line_of(text, at), error.message().to_owned())
    })?;
    layout.version = hex(&Sha256::digest(text));
    if file != format!("{}.toml", layout.id) {
        let what = format!("its id is {}: a layout is named as its file", layout.id);
        return Err(fail(line_with(text, "id"), what));
    }
    match mistake(&layout, catalog) {
        Some((key, what)) => Err(fail(line_with(text, &key), what)),
        None => Ok(layout),
    }
}

/// The line that a byte is on.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// The line that begins with a key; the first one when none does.
fn line_with(text: &str, key: &str) -> usize {
    let is = |line: &str| {
        let rest = line.trim_start().trim_start_matches('[').strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with(['=', ']']))
    };
    text.lines().position(is).map_or(1, |at| at + 1)
}

/// What a layout may not be, with the key that says it.
fn mistake(layout: &RepLayout, catalog: &Catalog) -> Option<(String, String)> {
    let told = |key: &str, what: &str| Some((key.to_owned(), what.to_owned()));
    let blank = [("destination", &layout.destination), ("source", &layout.source)];
    if let Some((key, _)) = blank.iter().find(|(_, text)| text.trim().is_empty()) {
        return told(key, "is blank");
    }
    if layout.name.th.trim().is_empty() || layout.name.en.trim().is_empty() {
        return told("name", "is in Thai and in English");
    }
    if layout.forms.is_empty() {
        return told("forms", "names no form");
    }
    let text = [FileForm::Csv, FileForm::Txt];
    if layout.encodings.is_empty() && layout.forms.iter().any(|form| text.contains(form)) {
        return told("encodings", "names no encoding");
    }
    let HeaderRule { within, rows, needs } = &layout.header;
    if *within == 0 || *within > FARTHEST {
        return told("within", &format!("is from 1 to {FARTHEST}"));
    }
    if *rows == 0 || *rows > 3 {
        return told("rows", "a header has 1 to 3 lines");
    }
    if let Some(word) = needs.iter().find(|word| !layout.columns.contains_key(word)) {
        return told("needs", &format!("{word} has no names in [columns]"));
    }
    columns_mistake(layout, catalog).or_else(|| meaning_mistake(layout))
}

fn columns_mistake(layout: &RepLayout, catalog: &Catalog) -> Option<(String, String)> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (word, names) in &layout.columns {
        let told = |what: String| Some((word.to_string(), what));
        let fits = match word {
            LayoutWord::Ours(PAID_ON) => layout.kind == LayoutKind::Statement,
            LayoutWord::Ours(ours) => WORDS.iter().any(|(name, rows, statement)| {
                let of = if layout.kind == LayoutKind::Rows { rows } else { statement };
                name == ours && *of
            }),
            LayoutWord::Column(column) => {
                let mut records = catalog.records.iter();
                layout.kind == LayoutKind::Rows
                    && records.any(|record| {
                        record.key.iter().any(|at| record.columns[*at].name == *column)
                    })
            }
        };
        if !fits {
            return told(format!("{word} is no column of such a file, nor part of a key"));
        }
        if names.iter().all(|name| name.trim().is_empty()) {
            return told(format!("{word} has no names"));
        }
        let own: BTreeSet<String> = names.iter().map(|name| super::value::heading(name)).collect();
        if let Some(name) = own.intersection(&seen).next() {
            return told(format!("{name} stands for two columns"));
        }
        seen.extend(own);
    }
    None
}

fn meaning_mistake(layout: &RepLayout) -> Option<(String, String)> {
    let told = |key: &str, what: &str| Some((key.to_owned(), what.to_owned()));
    let needs: &[&'static str] = match layout.kind {
        LayoutKind::Rows => &["file", "code"],
        LayoutKind::Statement => &["round", "part", "cup", "amount"],
    };
    for need in needs {
        if !layout.columns.contains_key(&LayoutWord::Ours(need)) {
            return told("columns", &format!("{need} has no names"));
        }
    }
    match layout.kind {
        LayoutKind::Rows => {
            let has = |word| layout.columns.contains_key(&LayoutWord::Ours(word));
            if has("result") && (layout.passed.is_empty() || layout.refused.is_empty()) {
                return told("result", "needs the words of `passed` and of `refused`");
            }
            let both = layout.passed.iter().find(|word| layout.refused.contains(word));
            if let Some(word) = both {
                return told("refused", &format!("{word} means passed, too"));
            }
            if !layout.parts.is_empty() {
                return told("parts", "rows have no parts of money");
            }
        }
        LayoutKind::Statement => {
            if let Some(part) = layout.parts.keys().find(|part| !PARTS.contains(&part.as_str())) {
                return told(part, &format!("no part {part}: {}", PARTS.join(", ")));
            }
            if layout.parts.is_empty() {
                return told("parts", "names no part of money");
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl Fn(&str) -> String) -> Result<RepLayout, LayoutError> {
        let text = include_str!("../../config/rep/khlang.toml");
        parse("khlang.toml", &change(text), &Catalog::builtin().unwrap())
    }

    #[test]
    fn every_shipped_layout_is_sound() {
        let layouts = RepLayouts::load(None, &Catalog::builtin().unwrap()).unwrap();
        let proven: Vec<(&str, bool)> =
            layouts.all.values().map(|layout| (layout.id.as_str(), layout.proven)).collect();
        assert_eq!(proven, [("khlang", true), ("khlang_statement", true), ("op_sample", false)]);
    }

    #[test]
    fn a_mistake_is_told_with_its_file_and_line() {
        let text = include_str!("../../config/rep/khlang.toml");
        let at = |key: &str| line_with(text, key);
        let table: [(&str, &str, usize, &str); 12] = [
            ("id = \"khlang\"", "id = \"other\"", at("id"), "named as its file"),
            ("proven = true", "proved = true", at("proven"), "unknown field"),
            ("hcode = [", "hkode = [", at("hcode"), "no word hkode"),
            ("hcode = [", "DIAGCODES = [", at("hcode"), "nor part of a key"),
            ("hcode = [", "amount = [", at("hcode"), "no column of such a file"),
            ("\"LINE\"", "\"hcode\"", at("line"), "stands for two columns"),
            ("needs = [\"file\"", "needs = [\"DIAGCODE\"", at("needs"), "has no names"),
            ("within = 20", "within = 0", at("within"), "from 1 to 200"),
            ("rows = 3", "rows = 4", at("rows"), "1 to 3"),
            ("\"utf-8\", ", "\"utf-9\", ", at("encodings"), "unknown variant"),
            ("dates = [\"YYYYMMDD\"", "dates = [\"YYYYMM\"", at("dates"), "no form of a day"),
            ("refused = [\"R\"", "refused = [\"A\"", at("refused"), "means passed"),
        ];
        for (from, to, line, wanted) in table {
            assert!(text.contains(from), "{from}");
            let error = read(|text| text.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(wanted), "{from}: {error}");
            assert_eq!((error.file.as_str(), error.line), ("khlang.toml", line), "{error}");
        }
    }

    #[test]
    fn the_provinces_own_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("config/rep");
        std::fs::create_dir_all(&own).unwrap();
        let text = include_str!("../../config/rep/op_sample.toml").replace("false", "true");
        crate::files::write_whole(&own.join("op_sample.toml"), text.as_bytes()).unwrap();
        let overlay = Overlay::new(folder.path(), crate::overlay::REP);
        let layouts = RepLayouts::load(Some(&overlay), &Catalog::builtin().unwrap()).unwrap();
        assert!(layouts.all["op_sample"].proven);
        assert_eq!(layouts.all.len(), 3);
    }
}
