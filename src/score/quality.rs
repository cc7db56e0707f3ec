//! Quality: the share of a unit's rows that was right, new and in time, by
//! tranche, file and dimension ([OPPP-2557 s. 36 and 37], docs/rules.md#points).
//!
//! It is computed from the counts that are stored with the rows
//! (docs/rules.md#counts). Local readings where the sources are silent:
//!
//! - Counts belong to the sender, even if a main unit sends for another unit.
//! - A count belongs to the tranche in which its month of service lies. Rows
//!   without a readable day, and registers, which are sent in full and have no
//!   service, belong to the tranche on a day of which the archive was sent.
//! - An F43 file counts under the name of the corresponding F21 file; the rulebook
//!   says under which name a file without one counts.
//! - Rows sent after the last day of sending of the round, or of the tranche if it
//!   has its own, count in no tranche (docs/rules.md#money).
//! - A file without rows in the tranche is left out, also of the maximum. So is a
//!   file in a dimension that has nothing to measure in it (if no row was stored,
//!   none could be in time).

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::Rulebook;
use super::deadline::last_day;
use super::rulebook::RulePeriod;
use super::rulebook::quality::{Count, Dimension};
use super::sheet::{ScoredAmount, two_places};
use crate::archive::Standard;
use crate::catalog::Catalog;
use crate::store::{Reader, Result, StoreError};
use crate::submission::Counts;

/// The query for counts of submissions that were not taken back.
pub const TALLY: &str = include_str!("../../schema/quality/tally.sql");

/// Counts of one sender, file, month and day of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyLine {
    /// The sender.
    pub hcode: String,
    /// Standard of the submission.
    pub standard: Standard,
    /// The file, by its name in that standard.
    pub file: String,
    /// Month of the event, `YYYYMM`; 0 when no day could be read.
    pub month: u32,
    /// Day of sending, `YYYYMMDD`.
    pub sent: u32,
    /// The counts.
    pub counts: Counts,
}

/// A file in a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QualityFigure {
    /// Rows that were right, or duplicates, or in time.
    pub numerator: u64,
    /// Rows in all.
    pub denominator: u64,
    /// Rounded half up.
    #[schemars(with = "String")]
    pub percent: Decimal,
    /// What the rulebook's bands give for it.
    #[serde(serialize_with = "two_places")]
    #[schemars(with = "ScoredAmount")]
    pub score: Decimal,
}

/// A unit's quality in a tranche.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TrancheQuality {
    /// Figures by dimension and file.
    #[serde(flatten)]
    pub dimensions: BTreeMap<String, BTreeMap<String, QualityFigure>>,
    /// Sum of the scores.
    #[serde(serialize_with = "two_places")]
    #[schemars(with = "ScoredAmount")]
    pub score: Decimal,
    /// The most that it could have been.
    #[serde(serialize_with = "two_places")]
    #[schemars(with = "ScoredAmount")]
    pub max: Decimal,
}

/// Quality by unit and tranche.
pub type QualityOfRound = BTreeMap<String, BTreeMap<u32, TrancheQuality>>;

/// Quality of a round, from submissions up to `as_of` that were not taken back.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn of_round(
    reader: &Reader,
    catalog: &Catalog,
    book: &Rulebook,
    as_of: i64,
) -> Result<QualityOfRound> {
    Ok(quality(book, catalog, &tallies(reader, as_of)?))
}

/// Counts of submissions up to `as_of` that were not taken back.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn tallies(reader: &Reader, as_of: i64) -> Result<Vec<TallyLine>> {
    let mut lines = Vec::new();
    reader.each_line(TALLY, &[(":as_of", as_of.into())], |line| {
        let text = |column| Ok::<_, StoreError>(line.str(column)?.unwrap_or("").to_owned());
        let number = |column| Ok::<_, StoreError>(line.int(column)?.unwrap_or(0) as u64);
        let standard = text(1)?;
        let standard = standard
            .parse()
            .map_err(|_| StoreError::Inconsistent(format!("no standard {standard}")))?;
        lines.push(TallyLine {
            hcode: text(0)?,
            standard,
            file: text(2)?,
            month: number(3)? as u32,
            sent: number(4)? as u32,
            counts: Counts {
                received: number(5)?,
                accepted: number(6)?,
                duplicate: number(7)?,
                rejected: number(8)?,
                warned: number(9)?,
                on_time: number(10)?,
            },
        });
        Ok(())
    })?;
    Ok(lines)
}

/// Quality from counts, for every unit and tranche in which the unit sent rows.
pub fn quality(book: &Rulebook, catalog: &Catalog, lines: &[TallyLine]) -> QualityOfRound {
    let files = QualityFiles::new(book, catalog);
    let mut sums: BTreeMap<(&str, u32, String), Counts> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.counts.received > 0) {
        let (name, register) = files.place(line.standard, &line.file);
        let Some(tranche) = part_of(&book.tranches, line, register) else { continue };
        if line.sent > day_number(last_day(book, Some(tranche))) {
            continue;
        }
        sums.entry((&line.hcode, tranche.number, name)).or_default().add(&line.counts);
    }
    let mut units = QualityOfRound::new();
    for ((hcode, tranche, file), counts) in &sums {
        let unit = units.entry((*hcode).to_owned()).or_default();
        let quality = unit.entry(*tranche).or_default();
        for dimension in &book.quality.dimensions {
            let of = quality.dimensions.entry(dimension.name.clone()).or_default();
            let Some(figure) = figure(book.quality.decimals, dimension, file, counts) else {
                continue;
            };
            quality.score += figure.score;
            quality.max += dimension.max();
            of.insert(file.clone(), figure);
        }
    }
    units
}

/// The tranche, or the quarter, that a line of counts belongs to.
pub(super) fn part_of<'b>(
    parts: &'b [RulePeriod],
    line: &TallyLine,
    register: bool,
) -> Option<&'b RulePeriod> {
    let holds = |period: &&RulePeriod| {
        if register || line.month == 0 {
            day_number(period.from) <= line.sent && line.sent <= day_number(period.to)
        } else {
            month_number(period.from) <= line.month && line.month <= month_number(period.to)
        }
    };
    parts.iter().find(holds)
}

fn month_number(day: NaiveDate) -> u32 {
    day.year() as u32 * 100 + day.month()
}

pub(super) fn day_number(day: NaiveDate) -> u32 {
    month_number(day) * 100 + day.day()
}

/// The score of a file in a dimension; `None` if the dimension does not cover the
/// file or has nothing to measure in it.
fn figure(
    decimals: u32,
    dimension: &Dimension,
    file: &str,
    counts: &Counts,
) -> Option<QualityFigure> {
    let sum = |of: &[Count]| of.iter().map(|count| count_of(*count, counts)).sum::<u64>();
    let (numerator, denominator) = (sum(&dimension.numerator), sum(&dimension.denominator));
    if denominator == 0 || !dimension.files.iter().any(|name| name == file) {
        return None;
    }
    let percent = percent(numerator, denominator, decimals);
    let score = dimension.score(percent).unwrap_or_default();
    Some(QualityFigure { numerator, denominator, percent, score })
}

fn count_of(count: Count, counts: &Counts) -> u64 {
    match count {
        Count::Received => counts.received,
        Count::Accepted => counts.accepted,
        Count::Duplicate => counts.duplicate,
        Count::Rejected => counts.rejected,
        Count::Warned => counts.warned,
        Count::OnTime => counts.on_time,
    }
}

/// A percentage with so many decimals, rounded half up in integer arithmetic.
pub fn percent(numerator: u64, denominator: u64, decimals: u32) -> Decimal {
    let scaled = 100 * 10_u128.pow(decimals) * u128::from(numerator);
    let denominator = u128::from(denominator.max(1));
    let rounded = (2 * scaled + denominator) / (2 * denominator);
    Decimal::from_i128_with_scale(rounded as i128, decimals)
}

/// The names under which files count, and which files are registers.
pub struct QualityFiles {
    places: FxHashMap<(Standard, String), (String, bool)>,
}

impl QualityFiles {
    /// Names as the rulebook has them.
    pub fn new(book: &Rulebook, catalog: &Catalog) -> Self {
        let mut places = FxHashMap::default();
        for record in &catalog.records {
            for layout in record.layouts() {
                let twin = record.layout(Standard::F21).map(|twin| twin.file.clone());
                let also = || {
                    let mut all = book.quality.also.iter();
                    all.find(|(_, files)| files.contains(&layout.file)).map(|(to, _)| to.clone())
                };
                let name = twin.or_else(also).unwrap_or_else(|| layout.file.clone());
                let key = (layout.standard, layout.file.clone());
                places.insert(key, (name, record.register));
            }
        }
        Self { places }
    }

    /// The name that a file of a standard counts under, and whether it is a
    /// register.
    pub fn place(&self, standard: Standard, file: &str) -> (String, bool) {
        let found = self.places.get(&(standard, file.to_owned()));
        found.cloned().unwrap_or_else(|| (file.to_owned(), false))
    }
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
