//! Rows whose points depend on when the province sends them on, and that are
//! not sent yet (SURVEIL of health centres [OPPP-2557 s. 34]).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::deadline::Deadlines;
use super::points::worth;
use super::rows::{Granularity, each_row};
use super::rulebook::{Item, Rulebook};
use super::sheet::two_places;
use super::state::Sendings;
use crate::clock::day_of_number;
use crate::store::{RawValue, Reader, Result};
use crate::units::Units;

/// Rows of a unit that are worth less after a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnsentRows {
    /// HCODE of the unit.
    pub hcode: String,
    /// The item of the rulebook.
    pub item: String,
    /// The last day on which they are worth what they are worth today.
    pub by: NaiveDate,
    /// Number of rows.
    pub rows: u64,
    /// Points of all of them, sent by that day.
    #[serde(serialize_with = "two_places")]
    #[schemars(with = "String")]
    pub points: Decimal,
    /// Points of all of them, sent a day later.
    #[serde(serialize_with = "two_places")]
    #[schemars(with = "String")]
    pub points_after: Decimal,
}

/// Rows of submissions that were not sent to a destination, by the day after
/// which they lose points. Those that lost all of them are left out.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn unsent_rows(
    reader: &Reader,
    book: &Rulebook,
    units: &Units,
    (destination, unsent): (&str, &BTreeSet<i64>),
    today: NaiveDate,
) -> Result<Vec<UnsentRows>> {
    let mut found: BTreeMap<(String, String, NaiveDate), (u64, usize)> = BTreeMap::new();
    for item in &book.points {
        let Some(forwarded) = item.forwarded.as_ref().filter(|to| to.to == destination) else {
            continue;
        };
        let sendings = Sendings::read(reader, book)?;
        let deadlines = Deadlines::new(book, &sendings);
        each_row(reader, book, item, i64::MAX, Granularity::Each, &deadlines.late, |row| {
            let RawValue::Text(hcode) = row.hcode else { return Ok(()) };
            let of = units.by_code.get(hcode).filter(|unit| forwarded.types.contains(&unit.kind));
            // What came too late for the round loses nothing more.
            let late = sendings.sent(row.sub).is_some_and(|sent| !deadlines.met(sent, row.day));
            let sent_on = sendings.forwarded(destination, row.sub).is_some();
            if of.is_none() || late || sent_on || !unsent.contains(&row.sub) {
                return Ok(());
            }
            if let Some((step, by)) =
                day_of_number(row.day).and_then(|day| stands(item, day, today))
            {
                let key = (hcode.to_owned(), item.item.clone(), by);
                let (rows, _) = found.entry(key).or_insert((0, step));
                *rows += 1;
            }
            Ok(())
        })?;
    }
    let line = |((hcode, item, by), (rows, step)): ((String, String, NaiveDate), (u64, usize))| {
        let of = book.item(&item)?;
        let points = |step: usize| {
            if step < of.steps.len() {
                worth(of, step) * Decimal::from(rows)
            } else {
                Decimal::ZERO
            }
        };
        let (points, points_after) = (points(step), points(step + 1));
        Some(UnsentRows { hcode, item, by, rows, points, points_after })
    };
    Ok(found.into_iter().filter_map(line).collect())
}

/// The step that a row of a day has when it is sent today, and the last day of
/// that step.
fn stands(item: &Item, day: NaiveDate, today: NaiveDate) -> Option<(usize, NaiveDate)> {
    let days = (today - day).num_days();
    let step = item.steps.iter().position(|step| days <= step.days)?;
    let last = u64::try_from(item.steps[step].days).ok()?;
    Some((step, day.checked_add_days(Days::new(last))?))
}
