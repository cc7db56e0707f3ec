//! Results of indicators as pages show them, and the periods and levels to
//! choose from.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::unit_name;
use crate::app::redaction::{self, RedactedRow};
use crate::clock::fiscal_year_of;
use crate::credentials::Role;
use crate::http::page::Lang;
use crate::http::problem::{self, Problem};
use crate::http::request::Request;
use crate::kpi::{Definition, Level, NotComputable, Period, PeriodSpan};
use crate::text::Bilingual;

/// Fiscal years that can be chosen, the present one among them.
const YEARS: i32 = 3;

/// The result of a group, as texts.
#[derive(Debug, Clone, Serialize)]
pub struct GroupRow {
    /// Code of the group.
    pub code: String,
    /// Name of the group.
    pub name: String,
    /// Counts and value; none when too small to be shown.
    pub numerator: Option<String>,
    pub denominator: Option<String>,
    pub value: Option<String>,
    pub target: Option<String>,
    pub met: Option<bool>,
    /// Whether it is hidden because the counts are too small.
    pub hidden: bool,
    /// What it did not send, in both languages.
    pub not_sent: Option<Bilingual>,
    /// Whether it is the viewer's own group.
    pub own: bool,
}

/// An indicator as the viewer may see it.
pub struct ShownKpi {
    pub span: PeriodSpan,
    pub rows: Vec<GroupRow>,
    /// Excluded persons by reason; none where too few to be shown.
    pub excluded: BTreeMap<String, Option<u64>>,
    pub why: Option<NotComputable>,
}

impl ShownKpi {
    /// The group of a code, or the only one.
    pub fn one(&self, code: Option<&str>) -> Option<&GroupRow> {
        self.rows.iter().find(|row| code.is_none_or(|code| row.code == code))
    }
}

/// Indicators as the viewer may see them, in the order asked for.
pub fn shown(
    request: &Request,
    wanted: &[(&Definition, Period, Level)],
) -> Result<Vec<ShownKpi>, Problem> {
    let (_, own) = own(request);
    let each = redaction::kpis(&request.results()?, &request.viewer, wanted)?.into_iter().map(
        |redacted| ShownKpi {
            span: redacted.period,
            rows: redacted
                .rows
                .into_iter()
                .map(|row| GroupRow::from_redacted(row, own.as_deref()))
                .collect(),
            excluded: redacted.excluded,
            why: redacted.not_computable,
        },
    );
    Ok(each.collect())
}

impl GroupRow {
    fn from_redacted(row: RedactedRow, own: Option<&str>) -> Self {
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

/// One language of a text of an indicator.
pub fn name(names: &Bilingual, lang: Lang) -> &str {
    if lang == Lang::Th { &names.th } else { &names.en }
}

/// The viewer's own level, and their group there; the province has only one.
pub fn own(request: &Request) -> (Level, Option<String>) {
    let hcode = request.viewer.hcode().map(str::to_owned);
    match request.viewer.role() {
        Some(Role::Cup) => (Level::Cup, hcode),
        Some(Role::Unit) => (Level::Unit, hcode),
        _ => (Level::Province, None),
    }
}

/// Name of the unit of a group; the province needs none.
pub fn place(request: &Request, level: Level, code: Option<&str>) -> Option<String> {
    if level == Level::Province { None } else { unit_name(request, code) }
}

/// The period asked for, else the present quarter, which is cumulative.
pub fn period(request: &Request) -> Result<Period, Problem> {
    let text = request.owned("period").unwrap_or_else(|| {
        let (year, quarter) = today(request);
        format!("{year}Q{quarter}")
    });
    text.parse().map_err(|error: crate::kpi::PeriodError| {
        Problem::new(problem::INVALID_PARAMETER, error.to_string())
    })
}

/// The fiscal year, which begins in October, and its quarter.
fn today(request: &Request) -> (i32, u32) {
    let day = request.app.clock.now().date_naive();
    (fiscal_year_of(day), (day.month() + 2) % 12 / 3 + 1)
}

/// Periods to choose from, the latest first, with the one asked for.
pub fn periods(request: &Request, asked: &str) -> Vec<String> {
    let (this, quarter) = today(request);
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
