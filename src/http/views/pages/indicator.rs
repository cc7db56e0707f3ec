//! `/kpi/{kpi}`: one indicator: groups against the target, months, its
//! definition, and downloads.

use std::cmp::Reverse;

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::rows::{self, GroupRow, ShownKpi, name};
use super::{RENEW, being_computed};
use crate::app::results::{self, ResultsError};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, LEVEL, QUARTER, RESULT_PROBLEMS};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::expected::of_month;
use crate::kpi::{Definition, Direction, Level, Period, ValueScale, value_text};
use crate::report::chart::{Chart, ChartShape, PLACES, Point};
use crate::report::{Bilingual, html, words};
use crate::text::text;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.kpi_page",
        params: &[QUARTER, LEVEL, LANG],
        problems: RESULT_PROBLEMS,
        ..Endpoint::page("kpi_page", "/kpi/{kpi}")
    },
    view: indicator,
}];

/// `/kpi/{kpi}`: one indicator: groups against the target, months, its
/// definition, and downloads.
pub fn indicator(request: &Request) -> Result<Reply, Problem> {
    let (lang, period) = (request.lang(), rows::period(request)?);
    let library = request.app.results.library()?;
    let definition = results::definition(&library, request.in_path("kpi"))?;
    let level = request.text("level").unwrap_or(Level::NAMES[0]);
    let level: Level =
        level.parse().map_err(|what: String| Problem::new(problem::INVALID_PARAMETER, what))?;
    let (own_level, code) = rows::own(request);
    let mut both =
        rows::shown(request, &[(definition, period, level), (definition, period, own_level)])?;
    let (whole, result) = both.pop().zip(both.pop()).ok_or(ResultsError::NotReady)?;
    let trend = trend(request, definition, period)?;
    let excluded = result.excluded.iter().map(|(reason, count)| {
        let text = definition.exclusions.get(reason);
        json!({ "text": text.map_or(reason.as_str(), |t| name(t, lang)), "count": count })
    });
    let excluded: Vec<Value> = excluded.collect();
    let text = period.to_string();
    let percent = definition.scale == ValueScale::Percent;
    let own = json!({
        "kpi": about(definition, lang), "span": result.span,
        "why": result.why.as_ref().map(|why| name(&why.text, lang)),
        "period": text, "periods": rows::periods(request, &text),
        "level": level.to_string(), "levels": Level::NAMES,
        "whole": whole.one(code.as_deref()),
        "place": rows::place(request, own_level, code.as_deref()),
        "rows": bars(request, level, percent, &ranked(definition, result.rows)),
        "excluded": excluded, "percent": percent, "few": FEW,
        "target": definition.target_of(period.days(definition.year).year).map(value_text),
        "renew": trend.is_none().then_some(RENEW), "trend": trend,
    });
    page::render(&Frame::new(request), "kpi.html", own)
}

/// What an indicator is, in one language.
pub(super) fn about(definition: &Definition, lang: Lang) -> Value {
    json!({
        "id": definition.id, "name": name(&definition.name, lang),
        "unit": name(&definition.unit, lang), "up": definition.direction == Direction::Up,
        "source": definition.source, "local_defaults": definition.local_defaults,
        "version": definition.version,
        "conditions": definition.conditions.values().map(|t| name(t, lang)).collect::<Vec<_>>(),
    })
}

fn decimal(text: Option<&String>) -> Option<Decimal> {
    text.and_then(|text| text.parse().ok())
}

/// From the best to the worst; those without a value last.
fn ranked(definition: &Definition, mut rows: Vec<GroupRow>) -> Vec<GroupRow> {
    rows.sort_by_key(|row| {
        let value = decimal(row.value.as_ref());
        match definition.direction {
            Direction::Up => (value.is_none(), Reverse(value), None),
            Direction::Down => (value.is_none(), Reverse(None), value),
        }
    });
    rows
}

/// A group of fewer than so many is marked: one more or less moves its value by
/// more than five of a hundred.
const FEW: u64 = 20;

/// Rows with the length of their bars, and the place of the target. A
/// percentage fills as much of its track as it says; other values are measured
/// by the greatest of them, and have no track.
fn bars(request: &Request, level: Level, percent: bool, rows: &[GroupRow]) -> Vec<Value> {
    let of = |row: &GroupRow| {
        decimal(row.value.as_ref()).into_iter().chain(decimal(row.target.as_ref())).max()
    };
    let least = percent.then_some(Decimal::ONE_HUNDRED);
    let longest = rows.iter().filter_map(of).chain(least).max();
    let longest = longest.filter(|longest| *longest > Decimal::ZERO);
    let part = |value: Option<Decimal>| {
        let value = value?.max(Decimal::ZERO) * Decimal::ONE_HUNDRED / longest?;
        Some(value.round_dp(1).to_string())
    };
    // A mark at the very end would be outside.
    let end = longest.map(|longest| longest * Decimal::new(994, 3));
    let few = |row: &GroupRow| {
        row.value.is_some()
            && decimal(row.denominator.as_ref()).is_some_and(|count| count < Decimal::from(FEW))
    };
    rows.iter()
        .map(|row| {
            json!({
                "row": row, "length": part(decimal(row.value.as_ref())), "few": few(row),
                "target": part(decimal(row.target.as_ref()).map(|t| end.map_or(t, |end| t.min(end)))),
                "leads": level == Level::Unit && request.viewer.may_see(&request.environment, &row.code),
            })
        })
        .collect()
}

/// How the year has gone so far for the viewer's own group: the value since its
/// first day at the end of each quarter, which is held against the target, and
/// apart from it what each month brought. None while they are being computed.
fn trend(
    request: &Request,
    definition: &Definition,
    period: Period,
) -> Result<Option<Value>, Problem> {
    let days = period.days(definition.year);
    let (level, code) = rows::own(request);
    let within = |part: &Period| part.days(definition.year).end <= days.end;
    let mut quarters = Period::quarters_of(days.year);
    quarters.retain(within);
    let mut months = Period::months_of(days.year, definition.year);
    months.retain(within);
    let all = quarters.iter().chain(&months);
    let wanted: Vec<_> = all.map(|part| (definition, *part, level)).collect();
    let mut results = match rows::shown(request, &wanted) {
        Ok(results) => results,
        Err(problem) if being_computed(&problem) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let of_months = results.split_off(quarters.len());
    // What is counted a month are those in the numerator where they are persons
    // or things; a mean has no such number.
    let counted = definition.scale == ValueScale::Percent && definition.places == 0;
    let mut open = Vec::new();
    for month in &of_months {
        match unfinished(request, month.span.end) {
            Ok(yes) => open.push(yes),
            Err(problem) if being_computed(&problem) => return Ok(None),
            Err(problem) => return Err(problem),
        }
    }
    let open_to = |end| of_months.iter().zip(&open).any(|(m, open)| *open && m.span.end == end);
    let point = |result: &ShownKpi, label: Bilingual, unfinished, count| {
        let row = result.one(code.as_deref());
        let text = row.and_then(|row| if count { &row.numerator } else { &row.value }.as_ref());
        Point { unfinished, ..Point::new(label, decimal(text)) }
    };
    let columns = of_months.iter().zip(&open).map(|(result, open)| {
        let label = |lang| words::month(result.span.start, lang);
        point(result, Bilingual::new(label(Lang::Th), label(Lang::En)), *open, counted)
    });
    let line = results.iter().map(|result| {
        let label = |lang| words::month(result.span.end, lang);
        let label = Bilingual::new(label(Lang::Th), label(Lang::En));
        point(result, label, open_to(result.span.end), false)
    });
    let (columns, line): (Vec<Point>, Vec<Point>) = (columns.collect(), line.collect());
    let known = columns.iter().chain(&line).any(|point| point.value.is_some());
    let unit = Bilingual::new(&definition.unit.th, &definition.unit.en);
    let chart = |shape, points, of_year: bool| Chart {
        shape,
        title: Bilingual::new(&definition.name.th, &definition.name.en),
        unit: if of_year || !counted { unit.clone() } else { text("report.numerator").clone() },
        percent: definition.scale == ValueScale::Percent && (of_year || !counted),
        places: if of_year || !counted { PLACES } else { 0 },
        points,
        // A month's own value is not held against the target of the year.
        target: definition.target_of(days.year).filter(|_| of_year),
    };
    let is_open = open.contains(&true);
    let year = pictures(request, definition, &chart(ChartShape::Trend, line, true), 1)?;
    let months = pictures(request, definition, &chart(ChartShape::Columns, columns, false), 2)?;
    Ok(Some(json!({
        "known": known, "year": (!quarters.is_empty()).then_some(year), "months": months,
        "counted": counted, "unfinished": is_open,
    })))
}

/// Whether more of a month may come: it is not over, or it was over only lately
/// and not all have sent of whom it is expected.
fn unfinished(request: &Request, end: NaiveDate) -> Result<bool, Problem> {
    const LATELY: Days = Days::new(60);
    let today = request.app.clock.now().date_naive();
    if end >= today {
        return Ok(true);
    }
    let lately = end.checked_add_days(LATELY).is_some_and(|last| last >= today);
    let first = end.with_day(1).unwrap_or(end);
    Ok(lately && of_month(request, first)?.missing > 0)
}

fn pictures(
    request: &Request,
    definition: &Definition,
    chart: &Chart,
    number: usize,
) -> Result<Vec<String>, Problem> {
    html::chart(chart, number, request.lang()).map_err(|error| {
        log::error!("chart of {}: {error}", definition.id);
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })
}
