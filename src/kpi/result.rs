//! What a KPI comes to: sums by group, and the rows that are shown of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::amount::{Amount, two_places, value, value_text};
use super::definition::{Definition, ValueScale};
use super::level::Level;
use super::period::{Period, PeriodDays};
use crate::store::ReportedValue;
use crate::text::{Bilingual, message_with};
use crate::units::Units;

/// What a KPI comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KpiResult {
    /// Id of the KPI.
    pub kpi: String,
    /// The period and its days.
    pub period: PeriodSpan,
    /// The level of the rows.
    pub level: Level,
    /// One row a group, in the order of its code.
    pub rows: Vec<KpiRow>,
    /// Persons (or rows) by the reason why they, or what was done for them,
    /// do not count; each once, whatever the level.
    pub excluded: BTreeMap<String, u64>,
    /// Why the data cannot say; the rows are empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<NotComputable>,
}

/// A period by name with its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PeriodSpan {
    /// As it was asked for.
    pub name: String,
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
}

/// A group's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KpiRow {
    /// Code of the group.
    pub code: String,
    /// Name of the group, for readers.
    pub name: String,
    /// Numerator: persons (or rows) of the denominator that meet the target; with
    /// `places` an amount with decimals.
    pub numerator: Amount,
    /// Denominator: persons (or rows) that the indicator is about.
    pub denominator: Amount,
    /// Exact, two places, half-up; none over nothing.
    pub value: Option<String>,
    /// Target of the year.
    pub target: Option<String>,
    /// Whether it is met; none without a value or a target.
    pub met: Option<bool>,
    /// What no unit of the group sent in the period: its value is unknown then,
    /// unless others served its people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_sent: Option<NotComputable>,
    /// What a change is reckoned from: the sums of a year before. None of a
    /// value that was entered.
    #[serde(skip)]
    pub before: Option<(Amount, Amount)>,
}

/// Why the data cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotComputable {
    /// What is missing.
    pub needs: String,
    /// In words.
    #[serde(flatten)]
    pub text: Bilingual,
}

/// Sums of a group; the second pair is that of a year before.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupSums {
    pub(super) numerator: Amount,
    pub(super) denominator: Amount,
    pub(super) before: (Amount, Amount),
    /// What no unit of the group sent.
    pub(super) not_sent: Option<NotComputable>,
    /// Whether people entered it: its value is the one over the other.
    entered: bool,
}

/// What the rows add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) groups: BTreeMap<String, GroupSums>,
    pub(super) excluded: BTreeMap<String, u64>,
}

impl GroupSums {
    pub(super) fn entered(entry: &ReportedValue) -> Self {
        Self {
            numerator: Amount::signed(&entry.numerator).unwrap_or_default(),
            denominator: Amount::parse(&entry.denominator).unwrap_or_default(),
            entered: true,
            ..Self::default()
        }
    }
}

impl Tally {
    /// Whether something was counted of a group.
    pub(super) fn has(&self, code: &str) -> bool {
        self.groups.contains_key(code)
    }

    pub(super) fn group(&mut self, code: &str) -> &mut GroupSums {
        if !self.groups.contains_key(code) {
            self.groups.insert(code.to_owned(), GroupSums::default());
        }
        self.groups.get_mut(code).expect("it was put there when it was missing")
    }
}

/// The group of a unit; a unit that the list no longer has stands for itself,
/// so that no row is lost.
pub(super) fn group_code<'a>(units: &'a Units, level: Level, hcode: &'a str) -> &'a str {
    units.by_code.get(hcode).map_or(hcode, |unit| level.group(unit))
}

pub(super) fn finish(
    definition: &Definition,
    period: &Period,
    days: &PeriodDays,
    level: Level,
    tally: Tally,
    not_computable: Option<NotComputable>,
    units: &Units,
) -> KpiResult {
    let target = definition.target_of(days.year);
    let rows = tally.groups.into_iter().map(|(code, sums)| {
        let name = level.name_of(&code, units);
        row_of(definition, (code, name), sums, target)
    });
    KpiResult {
        kpi: definition.id.clone(),
        period: PeriodSpan {
            name: period.to_string(),
            start: definition.first_day(days),
            end: days.end,
        },
        level,
        rows: rows.collect(),
        excluded: tally.excluded,
        not_computable,
    }
}

/// A group's row. Where no unit of it sent anything, the value is unknown, not 0.
pub(super) fn row_of(
    definition: &Definition,
    (code, name): (String, String),
    sums: GroupSums,
    target: Option<Decimal>,
) -> KpiRow {
    let silent = sums.not_sent.is_some() && sums.numerator.is_zero();
    let value = value_of(definition, &sums).filter(|_| !silent);
    KpiRow {
        name,
        code,
        numerator: sums.numerator,
        denominator: sums.denominator,
        value: value.map(value_text),
        target: target.map(value_text),
        met: value.zip(target).map(|(value, target)| definition.meets(value, target)),
        not_sent: sums.not_sent,
        before: (!sums.entered).then_some(sums.before),
    }
}

/// The value as it is shown, which is also the one held against the target.
fn value_of(definition: &Definition, sums: &GroupSums) -> Option<Decimal> {
    let now = value(definition.scale, sums.numerator, sums.denominator)?;
    if definition.scale != ValueScale::Change || sums.entered {
        return Some(two_places(now));
    }
    let before = value(definition.scale, sums.before.0, sums.before.1)?;
    Some(two_places(now - before))
}

impl NotComputable {
    pub(super) fn nothing_reported(period: &Period) -> Self {
        Self {
            needs: "reported".to_owned(),
            text: message_with("kpi.nothing_reported", &[("period", period)]),
        }
    }
}
