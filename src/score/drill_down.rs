//! Drill-down: the rows that contribute to a figure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::points::{Award, Scorer, worth};
use super::rows::{Granularity, WHOLE, each_row};
use super::rulebook::{Item, ItemKind, Rulebook};
use super::sheet::two_places;
use crate::archive::Standard;
use crate::catalog::Catalog;
use crate::clock::day_of_number;
use crate::row::citizen_id::mask;
use crate::store::{Reader, Result};
use crate::units::Units;

/// A figure of the score report.
#[derive(Debug, Clone, Copy)]
pub struct FigureRef<'a> {
    /// HCODE of the unit.
    pub hcode: &'a str,
    /// The item.
    pub item: &'a Item,
    /// The month (`YYYYMM`), all when none is given.
    pub month: Option<u32>,
    /// The last submission that is included.
    pub as_of: i64,
}

/// A row that scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoredRow {
    /// Its file, as the standard of the archive calls it.
    pub file: String,
    /// The submission that brought it.
    pub submission: i64,
    /// Line number in the member, from 1.
    pub line: i64,
    /// The day that it counts for, `YYYY-MM-DD`.
    pub date: String,
    /// What it is worth.
    #[serde(serialize_with = "two_places")]
    pub points: Decimal,
    /// Whose it is, masked; none for a non-Thai without a citizen ID.
    pub cid: Option<String>,
}

struct FoundRow {
    award: Award,
    file: String,
    sub: i64,
    line: i64,
}

impl FoundRow {
    /// Of rows that score once, the one that is shown.
    fn order(&self) -> (i64, usize, i64, i64) {
        (self.award.day, self.award.step, self.sub, self.line)
    }
}

/// Rows that score once together.
#[derive(Default)]
struct Once {
    /// The one that is shown: of a person-day a SERVICE.
    first: Option<FoundRow>,
    /// What there is of all that is needed.
    parts: u8,
}

impl Once {
    fn add(&mut self, found: FoundRow) {
        self.parts |= found.award.part;
        let shown = found.award.part & SHOWN != 0;
        if shown && self.first.as_ref().is_none_or(|first| found.order() < first.order()) {
            self.first = Some(found);
        }
    }
}

/// The part of a person-day that is listed in its place.
const SHOWN: u8 = 1;

/// The rows that contribute to a figure, in order of day, submission, file and line.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn contributing_rows(
    reader: &Reader,
    book: &Rulebook,
    units: &Units,
    catalog: &Catalog,
    figure: &FigureRef<'_>,
) -> Result<Vec<ScoredRow>> {
    let mut scorer = Scorer::new(reader, book, units, figure.as_of)?;
    let item = figure.item;
    let mut found = Vec::new();
    let mut once: BTreeMap<(u64, i64), Once> = BTreeMap::new();
    let late = scorer.late().clone();
    each_row(reader, book, item, figure.as_of, Granularity::Each, &late, |row| {
        let unit = scorer.codes.number(row.hcode);
        if scorer.codes.name(unit) != figure.hcode {
            return Ok(());
        }
        let Some(award) = scorer.award(item, row) else { return Ok(()) };
        let file = row.file.to_owned();
        let this = FoundRow { award, file, sub: row.sub, line: row.line };
        let key = if item.kind == ItemKind::PersonDays { Some(award.day) } else { row.once };
        match (key, award.who) {
            (Some(key), Some(who)) => once.entry((who, key)).or_default().add(this),
            _ => found.push(this),
        }
        Ok(())
    })?;
    found.extend(once.into_values().filter(|once| once.parts == WHOLE).filter_map(|o| o.first));
    found.retain(|row| figure.month.is_none_or(|month| row.award.day / 100 == i64::from(month)));
    found.sort_by_key(|row| (row.award.day, row.sub, row.file.clone(), row.line));
    let standards = standards(reader)?;
    Ok(found.iter().map(|row| shown(row, item, catalog, &standards)).collect())
}

fn shown(
    found: &FoundRow,
    item: &Item,
    catalog: &Catalog,
    standards: &FxHashMap<i64, Standard>,
) -> ScoredRow {
    let record = catalog.record(&found.file);
    let layout = standards.get(&found.sub).and_then(|standard| record?.layout(*standard));
    ScoredRow {
        file: layout.map_or_else(|| found.file.clone(), |layout| layout.file.clone()),
        submission: found.sub,
        line: found.line,
        date: day_of_number(found.award.day).map_or_else(String::new, |day| day.to_string()),
        points: worth(item, found.award.step),
        cid: found.award.who.map(|cid| mask(&format!("{cid:013}"))),
    }
}

/// The standard of every submission.
fn standards(reader: &Reader) -> Result<FxHashMap<i64, Standard>> {
    let mut standards = FxHashMap::default();
    let sql = "SELECT id, standard FROM submission WHERE standard IS NOT NULL";
    reader.each_line(sql, &[], |line| {
        if let (Some(id), Some(Ok(standard))) = (line.int(0)?, line.str(1)?.map(str::parse)) {
            standards.insert(id, standard);
        }
        Ok(())
    })?;
    Ok(standards)
}
