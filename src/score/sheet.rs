//! The score report of a round: the one shape of `score --json`
//! (docs/rules.md#points), of the API and of the pages.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::Datelike;
use indexmap::IndexMap;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::points::Points;
use super::rulebook::Rulebook;
use crate::clock::BUDDHIST_ERA;
use crate::registry::{Population, PopulationSource};
use crate::text::{Bilingual, message, message_with};
use crate::units::Units;

/// Points, with two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
pub struct ScoredAmount(
    #[schemars(with = "String", regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))] pub Decimal,
);

impl Serialize for ScoredAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        two_places(&self.0, serializer)
    }
}

/// Writes a decimal with two places.
pub(super) fn two_places<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{value:.2}"))
}

/// A note that must be shown with the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// What it is about.
    pub key: String,
    /// What it says.
    #[serde(flatten)]
    pub text: Bilingual,
}

/// Points and quality of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "UnitSheet")]
pub struct UnitSheet<Q> {
    /// HCODE of the unit.
    pub hcode: String,
    /// Points by item, in the order of the rulebook.
    pub points: IndexMap<String, ScoredAmount>,
    /// Their sum.
    pub total: ScoredAmount,
    /// Points by month (`YYYY-MM`) and item, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<BTreeMap<String, IndexMap<String, ScoredAmount>>>,
    /// Quality by tranche.
    pub quality: Q,
}

/// Points and quality of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ScoreReport")]
pub struct ScoreReport<Q> {
    /// The round, B.E.
    pub round: i32,
    /// SHA-256 of the rulebook.
    pub rulebook: String,
    /// The last submission that counts.
    pub as_of_submission: i64,
    /// Whether the state is exactly that after this submission.
    pub as_of_exact: bool,
    /// Submissions taken back since, whose rows are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voided_since: Vec<i64>,
    /// The population.
    pub population: Population,
    /// Keys of the values that no public source gives.
    pub local_defaults: Vec<String>,
    /// What else must be known beside the figures.
    pub notes: Vec<Note>,
    /// Units by HCODE.
    pub units: Vec<UnitSheet<Q>>,
}

/// What to include in a score report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreQuery {
    /// One unit only.
    pub hcode: Option<String>,
    /// Points by month, too.
    pub by_month: bool,
}

impl<Q> ScoreReport<Q> {
    /// Lays points out: every unit of the list, and any other with points,
    /// each with every item of the rulebook. `quality` tells that of a unit.
    pub fn new(
        book: &Rulebook,
        units: &Units,
        points: &Points,
        wanted: &ScoreQuery,
        mut quality: impl FnMut(&str) -> Q,
    ) -> Self {
        let mut codes: Vec<&String> = units.by_code.keys().chain(points.units.keys()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.retain(|code| wanted.hcode.as_ref().is_none_or(|hcode| hcode == *code));
        let units = codes
            .into_iter()
            .map(|code| UnitSheet {
                hcode: code.clone(),
                points: by_item(book, |item| points.sum(code, item, None).points),
                total: ScoredAmount(points.total(code, None)),
                months: wanted.by_month.then(|| by_month(book, points, code)),
                quality: quality(code),
            })
            .collect();
        let notes = notes(book, points);
        let mut local_defaults = book.local_default_keys();
        if points.population.source == PopulationSource::PersonRows {
            local_defaults.push("population".to_owned());
        }
        Self {
            round: book.round,
            rulebook: book.sha256.clone(),
            as_of_submission: points.as_of.submission,
            as_of_exact: points.as_of.exact(),
            voided_since: points.as_of.voided_since.clone(),
            population: points.population.clone(),
            local_defaults,
            notes,
            units,
        }
    }
}

fn by_item(book: &Rulebook, points: impl Fn(&str) -> Decimal) -> IndexMap<String, ScoredAmount> {
    let items = book.points.iter();
    items.map(|item| (item.item.clone(), ScoredAmount(points(&item.item)))).collect()
}

fn by_month(
    book: &Rulebook,
    points: &Points,
    code: &str,
) -> BTreeMap<String, IndexMap<String, ScoredAmount>> {
    let items = points.units.get(code).into_iter().flat_map(BTreeMap::values);
    let mut months: Vec<u32> = items.flat_map(BTreeMap::keys).copied().collect();
    months.sort_unstable();
    months.dedup();
    months
        .into_iter()
        .map(|month| {
            let only = [month].into();
            let sum = |item: &str| points.sum(code, item, Some(&only)).points;
            (format!("{}-{:02}", month / 100, month % 100), by_item(book, sum))
        })
        .collect()
}

/// Notes that must be shown with these points.
pub fn notes(book: &Rulebook, points: &Points) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |key: &str, text: Bilingual| notes.push(Note { key: key.to_owned(), text });
    let by = book.sent_by;
    let values: [(&str, &dyn Display); 4] = [
        ("day", &by.day()),
        ("month", &by.month()),
        ("year", &(by.year() + BUDDHIST_ERA)),
        ("date", &by),
    ];
    note("sent_by", message_with("score.sent_by", &values));
    if points.population.source == PopulationSource::PersonRows {
        note("population", message("score.no_registry"));
    }
    for (item, rows) in &points.timed_by_own_submission {
        note(
            &format!("points.{item}.forwarded"),
            message_with("score.own_submission_time", &[("item", item), ("rows", rows)]),
        );
    }
    if !points.as_of.exact() {
        let list: Vec<String> =
            points.as_of.voided_since.iter().map(|id| format!("#{id}")).collect();
        let list = list.join(" ");
        note("as_of", message_with("score.past_state_inexact", &[("list", &list)]));
    }
    if points.as_of.submission == 0 {
        note("as_of", message("score.nothing_sent"));
    }
    notes
}
