//! Rows that came too late for a round or a part of it. They are stored and
//! counted; the statement tells their sender how many they were.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;

use super::deadline::last_day;
use super::quality::{QualityFiles, TallyLine, day_number, part_of, tallies};
use super::rulebook::{RulePeriod, Rulebook};
use crate::catalog::Catalog;
use crate::store::{Reader, Result};
use crate::submission::Counts;

/// What rows came too late for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatePart {
    /// The round: they score nothing and count in no quality.
    Round,
    /// A tranche alone: they count in no quality.
    Tranche(u32),
    /// A quarter alone: they score nothing.
    Quarter(u32),
}

impl fmt::Display for LatePart {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Round => to.write_str("round"),
            Self::Tranche(number) => write!(to, "tranche {number}"),
            Self::Quarter(number) => write!(to, "quarter {number}"),
        }
    }
}

/// Rows of a sender that came too late for one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRows {
    /// The sender.
    pub hcode: String,
    /// What they came too late for.
    pub part: LatePart,
    /// The last day on which they could have been sent.
    pub by: NaiveDate,
    /// By file, under its name in the 21 files where it has one.
    pub files: BTreeMap<String, Counts>,
}

/// Rows of a round that came too late, by sender and part, from submissions up to
/// `as_of` that were not taken back.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn late_rows(
    reader: &Reader,
    catalog: &Catalog,
    book: &Rulebook,
    as_of: i64,
) -> Result<Vec<LateRows>> {
    Ok(of_lines(book, catalog, &tallies(reader, as_of)?))
}

/// Late rows from counts. A row that is late for the round is not repeated under
/// its tranche and quarter.
fn of_lines(book: &Rulebook, catalog: &Catalog, lines: &[TallyLine]) -> Vec<LateRows> {
    let files = QualityFiles::new(book, catalog);
    let mut late: BTreeMap<(&str, LatePart), LateRows> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.counts.received > 0) {
        let (name, register) = files.place(line.standard, &line.file);
        let mut add = |part: LatePart, by: NaiveDate| {
            let new = || LateRows { hcode: line.hcode.clone(), part, by, files: BTreeMap::new() };
            let of = late.entry((&line.hcode, part)).or_insert_with(new);
            of.files.entry(name.clone()).or_default().add(&line.counts);
        };
        let tranche = part_of(&book.tranches, line, register);
        let quarter = part_of(&book.money.quarters, line, register);
        let missed = |part: Option<&RulePeriod>| line.sent > day_number(last_day(book, part));
        if missed(None) {
            if tranche.or(quarter).is_some() {
                add(LatePart::Round, book.sent_by);
            }
            continue;
        }
        if let Some(of) = tranche.filter(|of| missed(Some(of))) {
            add(LatePart::Tranche(of.number), last_day(book, Some(of)));
        }
        if let Some(of) = quarter.filter(|of| missed(Some(of))) {
            add(LatePart::Quarter(of.number), last_day(book, Some(of)));
        }
    }
    late.into_values().collect()
}
