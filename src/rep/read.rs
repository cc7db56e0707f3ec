//! The lines of a file as what they tell, by its layout. A value that means
//! nothing refuses the whole file: half of an answer is none.

use super::header::{FoundHeader, plain_of};
use super::layout::{LayoutWord, PARTS, RepLayout};
use super::table::{Sheet, TableLine};
use super::value::{heading, hundredths, tidy, widened};
use super::{RepError, Result};
use crate::text::{message_with, text};

/// Digits of an HCODE.
const HCODE_DIGITS: usize = 5;

/// Most mistakes that are told of one file.
const TOLD: usize = 10;

/// Most letters of the codes of a line.
const CODE_LETTERS: usize = 200;

/// What a line tells of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldRow {
    /// Line in the file.
    pub at: u64,
    /// The unit; blank when it is not told.
    pub hcode: String,
    /// The archive that was sent on, without folders; blank when not told.
    pub archive: String,
    /// The file of the standard.
    pub file: String,
    /// Line in the member.
    pub line: Option<u32>,
    /// The whole key, its parts joined by `|`; blank when not told.
    pub key: String,
    /// Parts of the key by the words and columns of the layout.
    pub parts: Vec<(LayoutWord, String)>,
    /// Day of the event, `YYYYMMDD`.
    pub day: Option<i64>,
    /// Codes, with a comma between.
    pub code: String,
    /// Whether it was passed.
    pub passed: bool,
    /// Points in hundredths.
    pub points: Option<i64>,
}

/// What a line tells of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMoney {
    /// Line in the file.
    pub at: u64,
    /// The round, B.E.
    pub round: i64,
    /// `quarter`, `tranche` or `support`.
    pub part: &'static str,
    /// Number of the quarter or tranche; blank for support.
    pub period: String,
    /// The main unit.
    pub cup: String,
    /// The unit; blank when not told.
    pub hcode: String,
    /// Satang.
    pub amount: i64,
    /// Number of the document.
    pub document: String,
    /// Day of the payment, `YYYYMMDD`.
    pub paid_on: Option<i64>,
}

/// The values of a line by what they are.
struct Line<'a> {
    layout: &'a RepLayout,
    header: &'a FoundHeader,
    values: &'a TableLine,
    mistakes: &'a mut Vec<String>,
}

impl Line<'_> {
    fn text(&self, word: &LayoutWord) -> String {
        let column = self.header.columns.get(word);
        column
            .and_then(|column| self.values.1.get(*column))
            .map_or(String::new(), |text| tidy(text))
    }

    fn ours(&self, word: &'static str) -> String {
        self.text(&LayoutWord::Ours(word))
    }

    fn code(&self, word: &'static str) -> String {
        widened(&self.ours(word), HCODE_DIGITS).to_ascii_uppercase()
    }

    /// A value that has to mean something unless it is blank.
    fn read<T>(
        &mut self,
        word: &'static str,
        how: impl FnOnce(&RepLayout, &str) -> Option<T>,
    ) -> Option<T> {
        let text = self.ours(word);
        if text.is_empty() {
            return None;
        }
        let found = how(self.layout, &text);
        if found.is_none() {
            self.mistake(word, &text);
        }
        found
    }

    fn mistake(&mut self, word: &str, text: &str) {
        if self.mistakes.len() < TOLD {
            let text: String = text.chars().take(60).collect();
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("line", &self.values.0), ("column", &word), ("value", &text)];
            self.mistakes.push(message_with("rep.no_meaning", &values).both());
        }
    }

    fn day(&mut self, word: &'static str) -> Option<i64> {
        // A cell with a day was written out as eight digits.
        let eight = |text: &str| {
            let form = super::value::DayForm::try_from("YYYYMMDD".to_owned()).ok()?;
            form.read(text)
        };
        self.read(word, |layout, text| {
            layout.dates.iter().find_map(|form| form.read(text)).or_else(|| eight(text))
        })
    }
}

/// The lines with data: not blank, not a sum or a note, not the header again.
fn each_line<T>(
    sheets: &[Sheet],
    layout: &RepLayout,
    header: &FoundHeader,
    mut of: impl FnMut(&mut Line<'_>) -> Option<T>,
) -> Result<Vec<T>> {
    let mut mistakes = Vec::new();
    let mut all = Vec::new();
    let skip: Vec<String> = layout.skip.iter().map(|word| heading(word)).collect();
    for values in sheets[header.sheet].lines.iter().skip(header.data) {
        let names = plain_of(&values.1);
        let first = names.iter().find(|name| !name.is_empty());
        let Some(first) = first else { continue };
        let told = header
            .columns
            .values()
            .any(|column| names.get(*column).is_some_and(|name| !name.is_empty()));
        let sum = skip.iter().any(|word| first.starts_with(word.as_str()));
        if !told || sum || header.lines.contains(&names) {
            continue;
        }
        all.extend(of(&mut Line { layout, header, values, mistakes: &mut mistakes }));
    }
    if mistakes.is_empty() { Ok(all) } else { Err(RepError::Value(mistakes.join("; "))) }
}

/// What a file tells of rows.
///
/// # Errors
/// Lines of which a value cannot be read; all of them are told, with line and column.
pub fn rows(sheets: &[Sheet], layout: &RepLayout, header: &FoundHeader) -> Result<Vec<ToldRow>> {
    each_line(sheets, layout, header, |line| {
        let archive = line.ours("archive");
        let name = archive.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
        let code = codes(&line.ours("code"));
        let passed = passed(line, &code);
        let parts = layout
            .columns
            .keys()
            .filter(|word| matches!(word, LayoutWord::Column(_) | LayoutWord::Ours("pid" | "seq")));
        let parts = parts.map(|word| (word.clone(), line.text(word)));
        let parts: Vec<_> = parts.filter(|(_, text)| !text.is_empty()).collect();
        Some(ToldRow {
            at: line.values.0,
            hcode: line.code("hcode"),
            archive: name,
            file: line.ours("file").to_ascii_uppercase(),
            line: line.read("line", |_, text| text.parse().ok().filter(|line| *line > 0)),
            key: line.ours("key"),
            parts,
            day: line.day("day"),
            code,
            passed,
            points: line.read("points", |_, text| hundredths(text)),
        })
    })
}

/// Codes of a cell with a comma between.
fn codes(text: &str) -> String {
    let all = text.split([',', ';', '\n', '\r']).map(|code| code.trim().to_uppercase());
    let all: Vec<String> = all.filter(|code| !code.is_empty() && code != "-").collect();
    all.join(",").chars().take(CODE_LETTERS).collect()
}

/// Whether a row was passed: its result says so, else that it has no code.
fn passed(line: &mut Line<'_>, code: &str) -> bool {
    let is = |words: &[String], text: &str| words.iter().any(|word| heading(word) == heading(text));
    let result = line.ours("result");
    if result.is_empty() {
        return code.is_empty() || is(&line.layout.passed, code);
    }
    let passed = is(&line.layout.passed, &result);
    if !passed && !is(&line.layout.refused, &result) {
        line.mistake("result", &result);
    }
    passed
}

/// What a file tells of money.
///
/// # Errors
/// Lines of which a value cannot be read; all of them are told, with line and column.
pub fn money(sheets: &[Sheet], layout: &RepLayout, header: &FoundHeader) -> Result<Vec<ToldMoney>> {
    each_line(sheets, layout, header, |line| {
        let round = line.read("round", |_, text| {
            text.parse::<i64>().ok().filter(|round| (2500..2700).contains(round))
        });
        let part = line.read("part", part_of);
        let amount = line.read("amount", |_, text| hundredths(text));
        let cup = line.code("cup");
        let period = line.read("period", |_, text| period_of(text));
        for (word, lacks) in [
            ("round", line.ours("round").is_empty()),
            ("part", line.ours("part").is_empty()),
            ("amount", line.ours("amount").is_empty()),
            ("cup", cup.is_empty()),
            // Only support is paid for the whole round.
            (
                "period",
                part.is_some_and(|part| (part == PARTS[2]) != line.ours("period").is_empty()),
            ),
        ] {
            if lacks {
                line.mistake(word, &line.ours(word));
            }
        }
        let paid_on = line.day("paid_on");
        Some(ToldMoney {
            at: line.values.0,
            round: round?,
            part: part?,
            period: period.unwrap_or_default(),
            cup,
            hcode: line.code("hcode"),
            amount: amount?,
            document: line.ours("document"),
            paid_on,
        })
    })
}

/// The number of a quarter or tranche as the allocation has it: `1` for `01`, `Q1`
/// and the same in Thai.
fn period_of(period: &str) -> Option<String> {
    let (quarter, ordinal) = (text("rep.quarter"), text("rep.ordinal"));
    let number = period.strip_prefix(['Q', 'q']).or_else(|| {
        let rest = period.strip_prefix(quarter.th.as_str())?.trim_start();
        Some(rest.strip_prefix(ordinal.th.as_str()).unwrap_or(rest))
    });
    let number = number.unwrap_or(period).trim();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.trim_start_matches('0');
    (digits && !number.is_empty()).then(|| number.to_owned())
}

fn part_of(layout: &RepLayout, text: &str) -> Option<&'static str> {
    let named = |part: &&&'static str| {
        let names = layout.parts.get(**part).into_iter().flatten();
        names.into_iter().any(|name| heading(name) == heading(text))
    };
    PARTS.iter().find(named).copied()
}
