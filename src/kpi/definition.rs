//! What a KPI is, as its TOML says it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days as ChronoDays, Months, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::period::{PeriodDays, YearKind};
use super::query::Query;
use crate::clock::day_number;
use crate::store::SqlValue;
use crate::text::Bilingual;

/// What the rows of a query are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountingUnit {
    /// A person known at a unit; counted once per level by the person key. The
    /// numerator of a row without a person is added up.
    #[default]
    Persons,
    /// A visit, an admission, a month: added up.
    Rows,
    /// Nothing is computed: people report it.
    Reported,
}

/// What a numerator over a denominator is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueScale {
    /// Of a hundred.
    #[default]
    Percent,
    /// Of a thousand.
    PerThousand,
    /// One to another.
    Ratio,
    /// A mean.
    Mean,
    /// A mean less the mean a year before.
    Change,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The target is a floor.
    #[default]
    Up,
    /// The target is a ceiling.
    Down,
}

/// A parameter of the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Parameter {
    /// A number as it is (thresholds are whole numbers of the smallest unit).
    Int(i64),
    /// A text as it is.
    Text(String),
    /// A day counted from one of the period.
    Day(DayFrom),
}

/// A day reckoned from a day of the period; years and months first, then days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayFrom {
    /// From where.
    pub from: Anchor,
    /// Years later (or earlier).
    #[serde(default)]
    pub years: i32,
    /// Months later.
    #[serde(default)]
    pub months: i32,
    /// Days later.
    #[serde(default)]
    pub days: i64,
}

/// Days of the rows of a file that a KPI needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first.
    pub from: Option<DayFrom>,
    /// The last.
    pub to: Option<DayFrom>,
}

/// A day of the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Anchor {
    /// Its first day.
    Start,
    /// Its last day.
    End,
    /// The first day of its year.
    Year,
    /// The first day of the quarter in which it ends.
    Quarter,
}

/// A KPI.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// Name of the indicator, for readers.
    pub name: Bilingual,
    /// What its value is a number of.
    pub unit: Bilingual,
    /// What the rows of its query are.
    pub counts: CountingUnit,
    /// How the value comes of numerator and denominator.
    pub scale: ValueScale,
    /// Decimal places that the query's numerator is scaled by.
    pub places: u32,
    /// Which way is good.
    pub direction: Direction,
    /// The year it lives in.
    pub year: YearKind,
    /// Targets by B.E. year: one holds for the years that its source names.
    #[schemars(with = "BTreeMap<i32, String>")]
    pub target: BTreeMap<i32, Decimal>,
    /// Whether its counts are of persons (or their visits), who could be
    /// recognised in small ones.
    pub personal: bool,
    /// Where the definition comes from.
    pub source: String,
    /// What in it has no public source.
    pub local_defaults: Vec<String>,
    /// What must be there, each `FILE`, `FILE.COLUMN` or alternatives `A|B`; of
    /// a register `FILE@round` asks for one of the period's rounds,
    /// `FILE.COLUMN@ever` for a layout that has the column, and `@denominator`
    /// says that it fills the denominator, for which anybody may have sent it.
    pub needs: Vec<String>,
    /// The first day that it looks at, when that is not the period's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins: Option<DayFrom>,
    /// Days of the rows that it needs, by file, when those are not the period's
    /// own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub window: BTreeMap<String, Window>,
    /// Types of the units that are asked for data, when not all are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked_of: Vec<String>,
    /// Whether values of groups can be entered.
    pub enter: bool,
    /// Parameters of the query by name, without the colon.
    pub parameters: BTreeMap<String, Parameter>,
    /// Texts of the reasons why a person or row does not count.
    pub exclusions: BTreeMap<String, Bilingual>,
    /// Texts of the conditions.
    pub conditions: BTreeMap<String, Bilingual>,
    /// SHA-256 over definition and queries: the version that exports name.
    pub version: String,
    /// The query; none when it is reported.
    #[serde(skip)]
    pub query: Option<Arc<Query>>,
}

impl Definition {
    /// Whether the numerator is a part of the denominator.
    pub fn is_share(&self) -> bool {
        matches!(self.scale, ValueScale::Percent | ValueScale::PerThousand)
    }

    /// The target of a B.E. year.
    pub fn target_of(&self, year: i32) -> Option<Decimal> {
        self.target.get(&year).copied()
    }

    /// The first day that it looks at for a period: some look further back than
    /// a short period begins.
    pub fn first_day(&self, days: &PeriodDays) -> NaiveDate {
        self.begins.as_ref().map_or(days.start, |day| day.reckon(days))
    }

    /// The days in which rows of a file are asked for.
    pub(super) fn window_of(&self, file: &str, days: &PeriodDays) -> (NaiveDate, NaiveDate) {
        let window = self.window.get(file);
        let day = |day: Option<&DayFrom>, or| day.map_or(or, |day| day.reckon(days));
        let from = window.and_then(|window| window.from.as_ref());
        let to = window.and_then(|window| window.to.as_ref());
        (day(from, self.first_day(days)), day(to, days.end))
    }

    /// Whether a part of the store can be counted by itself.
    pub fn counts_in_parts(&self) -> bool {
        self.query.as_ref().is_some_and(|query| match self.counts {
            CountingUnit::Persons => query.partitionable_by_person,
            CountingUnit::Rows | CountingUnit::Reported => query.partitionable_by_unit,
        })
    }

    /// Whether a value meets a target.
    pub fn meets(&self, value: Decimal, target: Decimal) -> bool {
        match self.direction {
            Direction::Up => value >= target,
            Direction::Down => value <= target,
        }
    }
}

impl Parameter {
    /// What the query gets.
    pub(super) fn value(&self, days: &PeriodDays) -> SqlValue {
        match self {
            Self::Int(value) => SqlValue::Int(*value),
            Self::Text(text) => SqlValue::Text(text.clone()),
            Self::Day(day) => SqlValue::Int(day_number(day.reckon(days))),
        }
    }
}

/// Farthest that a day may lie from its period, in years: nobody is older, and
/// every period has such a day.
const FARTHEST_YEARS: u32 = 200;

impl DayFrom {
    /// Whether it can be reckoned from any period.
    pub(super) fn is_near(&self) -> bool {
        self.years.unsigned_abs() <= FARTHEST_YEARS
            && self.months.unsigned_abs() <= 12 * FARTHEST_YEARS
            && self.days.unsigned_abs() <= 366 * u64::from(FARTHEST_YEARS)
    }

    fn reckon(&self, days: &PeriodDays) -> NaiveDate {
        let anchor = match self.from {
            Anchor::Start => days.start,
            Anchor::End => days.end,
            Anchor::Year => days.year_start,
            Anchor::Quarter => days.quarter_start,
        };
        // The last day of a month stays the last: reckoned from 28 February,
        // months would leave out who is born on the 29th.
        let from_end = self.from == Anchor::End;
        let anchor = if from_end { anchor + ChronoDays::new(1) } else { anchor };
        let days = self.days - i64::from(from_end);
        let months = self.years * 12 + self.months;
        let shift = Months::new(months.unsigned_abs());
        let moved = if months < 0 { anchor - shift } else { anchor + shift };
        let by = ChronoDays::new(days.unsigned_abs());
        if days < 0 { moved - by } else { moved + by }
    }
}
