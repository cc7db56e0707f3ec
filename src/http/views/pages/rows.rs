//! Results of indicators as pages show them, and the periods and levels that
//! one chooses from.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::unit_name;
use crate::access::Role;
use crate::clock::fiscal_year_of;
use crate::http::call::Call;
use crate::http::page::Lang;
use crate::http::problem::{self, Problem};
use crate::http::seen::{self, SeenRow};
use crate::kpi::{Definition, Level, NotComputable, Period, PeriodSpan};
use crate::text::Bilingual;

/// Fiscal years that can be chosen, the present one among them.
const YEARS: i32 = 3;

/// A group's result.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Counts; none where so few are not shown.
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub value: Option<String>,
    pub target: Option<String>,
    pub met: Option<bool>,
    /// So few persons that they are not shown to who looks.
    pub hidden: bool,
    /// What it did not send, in both languages.
    pub not_sent: Option<Bilingual>,
    /// Whether it is the viewer's own.
    pub own: bool,
}

/// An indicator as who looks may see it.
pub struct Shown {
    pub span: PeriodSpan,
    pub rows: Vec<Row>,
    /// By the reason why they do not count; none where so few are not shown.
    pub excluded: BTreeMap<String, Option<u64>>,
    pub why: Option<NotComputable>,
}

impl Shown {
    /// The group of a code, or the only one.
    pub fn one(&self, code: Option<&str>) -> Option<&Row> {
        self.rows.iter().find(|row| code.is_none_or(|code| row.code == code))
    }
}

/// Indicators as who looks may see them, in their order.
pub fn shown(call: &Call, wanted: &[(&Definition, Period, Level)]) -> Result<Vec<Shown>, Problem> {
    let (_, own) = own(call);
    let each = seen::kpis(call, wanted)?.into_iter().map(|seen| Shown {
        span: seen.period,
        rows: seen.rows.into_iter().map(|row| Row::of(row, own.as_deref())).collect(),
        excluded: seen.excluded,
        why: seen.not_computable,
    });
    Ok(each.collect())
}

impl Row {
    fn of(row: SeenRow, own: Option<&str>) -> Self {
        Self {
            own: own == Some(&row.code),
            code: row.code,
            name: row.name,
            numerator: row.numerator.map(|count| count.to_string()),
            denominator: row.denominator.map(|count| count.to_string()),
            value: row.value,
            target: row.target,
            met: row.met,
            not_sent: row.not_sent.map(|why| why.text),
            hidden: row.suppressed,
        }
    }
}

/// One language of a text of the KPI engine.
pub fn name(names: &Bilingual, lang: Lang) -> &str {
    if lang == Lang::Th { &names.th } else { &names.en }
}

/// The level that is a viewer's own, and its group there; the province has but
/// one.
pub fn own(call: &Call) -> (Level, Option<String>) {
    let hcode = call.viewer.hcode().map(str::to_owned);
    match call.viewer.role() {
        Some(Role::Cup) => (Level::Cup, hcode),
        Some(Role::Unit) => (Level::Unit, hcode),
        _ => (Level::Province, None),
    }
}

/// What the unit of a group is called; the province needs no name.
pub fn place(call: &Call, level: Level, code: Option<&str>) -> Option<String> {
    if level == Level::Province { None } else { unit_name(call, code) }
}

/// The period asked for, else the present quarter, which is cumulative.
pub fn period(call: &Call) -> Result<Period, Problem> {
    let text = call.owned("period").unwrap_or_else(|| {
        let (year, quarter) = today(call);
        format!("{year}Q{quarter}")
    });
    text.parse().map_err(|error: crate::kpi::PeriodError| {
        Problem::new(problem::INVALID_PARAMETER, error.to_string())
    })
}

/// The fiscal year, which begins in October, and its quarter.
fn today(call: &Call) -> (i32, u32) {
    let day = call.shared.clock.now().date_naive();
    (fiscal_year_of(day), (day.month() + 2) % 12 / 3 + 1)
}

/// Periods to choose from, the latest first, with the one asked for.
pub fn periods(call: &Call, asked: &str) -> Vec<String> {
    let (this, quarter) = today(call);
    let mut periods: Vec<String> = Vec::new();
    for year in (this - YEARS + 1..=this).rev() {
        let last = if year == this { quarter } else { 4 };
        periods.extend((last == 4).then(|| year.to_string()));
        periods.extend((1..=last).rev().map(|quarter| format!("{year}Q{quarter}")));
    }
    if !periods.iter().any(|period| period == asked) {
        periods.insert(0, asked.to_owned());
    }
    periods
}

/// The quarters of the same year before a period; none of a month.
pub fn quarters_before(period: Period) -> Vec<Period> {
    let text = period.to_string();
    let (year, last) = match text.split_once('Q') {
        Some((year, quarter)) => (year, quarter.parse().unwrap_or(1)),
        None if text.contains('-') => return Vec::new(),
        None => (text.as_str(), 4),
    };
    (1..last).filter_map(|quarter| format!("{year}Q{quarter}").parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quarters_before_lead_up_to_a_period() {
        let before = |text: &str| -> Vec<String> {
            quarters_before(text.parse().unwrap()).iter().map(ToString::to_string).collect()
        };
        assert_eq!(before("2557Q3"), ["2557Q1", "2557Q2"]);
        assert_eq!(before("2557"), ["2557Q1", "2557Q2", "2557Q3"]);
        assert_eq!(before("2557-01"), [""; 0]);
    }
}
