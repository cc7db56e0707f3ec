//! `/kpi/{kpi}`: one indicator: groups against the target, months, its
//! definition, and downloads.

use std::cmp::Reverse;

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
use crate::kpi::{Definition, Direction, Level, Period, value_text};
use crate::report::chart::{Chart, ChartShape, Point};
use crate::report::{Bilingual, html, words};

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
    let own = json!({
        "kpi": about(definition, lang), "span": result.span,
        "why": result.why.as_ref().map(|why| name(&why.text, lang)),
        "period": text, "periods": rows::periods(request, &text),
        "level": level.to_string(), "levels": Level::NAMES,
        "whole": whole.one(code.as_deref()),
        "place": rows::place(request, own_level, code.as_deref()),
        "rows": bars(request, level, &ranked(definition, result.rows)), "excluded": excluded,
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

/// Rows with the length of their bars, and the place of the target, in percent
/// of the longest.
fn bars(request: &Request, level: Level, rows: &[GroupRow]) -> Vec<Value> {
    let of = |row: &GroupRow| {
        decimal(row.value.as_ref()).into_iter().chain(decimal(row.target.as_ref())).max()
    };
    let longest = rows.iter().filter_map(of).max().filter(|longest| *longest > Decimal::ZERO);
    let part = |value: Option<Decimal>| {
        let value = value?.max(Decimal::ZERO) * Decimal::ONE_HUNDRED / longest?;
        Some(value.round_dp(1).to_string())
    };
    rows.iter()
        .map(|row| {
            json!({
                "row": row, "length": part(decimal(row.value.as_ref())),
                "target": part(decimal(row.target.as_ref())),
                "leads": level == Level::Unit && request.viewer.may_see(&request.environment, &row.code),
            })
        })
        .collect()
}

/// The months of the year up to the end of the period, for the viewer's own
/// group; none while they are being computed.
fn trend(
    request: &Request,
    definition: &Definition,
    period: Period,
) -> Result<Option<Value>, Problem> {
    let days = period.days(definition.year);
    let (level, code) = rows::own(request);
    let months: Vec<Period> = Period::months_of(days.year, definition.year)
        .into_iter()
        .filter(|month| month.days(definition.year).end <= days.end)
        .collect();
    let wanted: Vec<_> = months.iter().map(|month| (definition, *month, level)).collect();
    let results = match rows::shown(request, &wanted) {
        Ok(results) => results,
        Err(problem) if being_computed(&problem) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let points: Vec<Point> = results.iter().map(|result| point(result, code.as_deref())).collect();
    let known = points.iter().any(|point| point.value.is_some());
    let chart = Chart {
        shape: ChartShape::Trend,
        title: Bilingual::new(&definition.name.th, &definition.name.en),
        unit: Bilingual::new(&definition.unit.th, &definition.unit.en),
        points,
        target: definition.target_of(days.year),
    };
    let pictures = html::chart(&chart, request.lang()).map_err(|error| {
        log::error!("chart of {}: {error}", definition.id);
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })?;
    Ok(Some(json!({ "known": known, "pictures": pictures })))
}

fn point(result: &ShownKpi, code: Option<&str>) -> Point {
    let label = |lang| words::month(result.span.start, lang);
    Point {
        label: Bilingual::new(label(Lang::Th), label(Lang::En)),
        value: result.one(code).and_then(|row| decimal(row.value.as_ref())),
        // A month's own value is not held against the target of the year.
        met: None,
    }
}
