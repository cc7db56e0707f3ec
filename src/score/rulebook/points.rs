//! Items that score.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::days::DaySpan;

/// What a row of an item needs besides a person in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// The event date must be in the round.
    Rows,
    /// The event date must be in the round; a person of a unit scores once a day.
    PersonDays,
    /// The submission must be within a span of days, whatever the date of the row.
    Register,
    /// The event date must be in the round, with a number of different dates of care.
    SecondCare,
    /// The event date must be in the round; points by days until submission.
    Delay,
    /// The event date must be in a survey of the person's age.
    Survey,
}

/// Points by the number of days from the event to the submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointStep {
    /// Up to so many days, included.
    pub days: i64,
    /// What a row is worth then.
    pub points: Decimal,
}

/// Units whose rows are timed by when the province forwarded them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarded {
    /// Destination whose times count.
    pub to: String,
    /// Types of unit (chospital's hostype).
    pub types: Vec<String>,
}

/// A survey: its days, and the ages it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Completed years of age, first and last.
    pub ages: [i32; 2],
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Survey {
    /// Days in which it is taken, ends included.
    pub fn days(&self) -> DaySpan {
        DaySpan { from: self.from, to: self.to }
    }
}

/// An item that scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Name, e.g. `OP`.
    pub item: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// The kind of rule.
    pub kind: ItemKind,
    /// Name of the SQL in `schema/score/` that gives its rows.
    pub rows: String,
    /// Parameters of that SQL.
    #[serde(default)]
    pub params: BTreeMap<String, i64>,
    /// What a row is worth; `delay` has steps instead.
    #[serde(default)]
    pub points: Decimal,
    /// Days of sending, for `register`.
    #[serde(default)]
    pub sent: Option<DaySpan>,
    /// Only persons who live in the area.
    #[serde(default)]
    pub resident: bool,
    /// Only the living.
    #[serde(default)]
    pub alive: bool,
    /// Non-Thais score without being in the registry.
    #[serde(default)]
    pub foreigners: bool,
    /// Different dates of care that are needed, for `second_care`.
    #[serde(default)]
    pub least: Option<i64>,
    /// Points by delay, for `delay`, the shortest first.
    #[serde(default)]
    pub steps: Vec<PointStep>,
    /// Whose clock is the province's, for `delay`.
    #[serde(default)]
    pub forwarded: Option<Forwarded>,
    /// Surveys, for `survey`.
    #[serde(default)]
    pub rounds: Vec<Survey>,
    /// Source of the rule.
    pub source: String,
}
