//! `/kpi`: every indicator as a card: the viewer's own value, its target, and
//! the quarters of the year so far.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::rows::{self, GroupRow, ShownKpi, name};
use super::spark::{self, Spark};
use super::{RENEW, being_computed};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::{LANG, QUARTER, RESULT_PROBLEMS};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::kpi::{Direction, Level, Library, Period, ValueScale, value_text};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.kpis_page",
        params: &[QUARTER, LANG],
        problems: RESULT_PROBLEMS,
        menu: Some("kpi"),
        ..Endpoint::page("kpis_page", "/kpi")
    },
    view: kpis,
}];

/// One indicator.
#[derive(Serialize)]
struct Card {
    id: String,
    name: String,
    unit: String,
    row: Option<GroupRow>,
    target: Option<String>,
    /// The target is a floor, not a ceiling.
    up: bool,
    why: Option<String>,
    spark: Option<Spark>,
}

/// States of cards; what needs attention comes first.
const STATES: [&str; 4] = ["missed", "met", "open", "unknown"];

fn state_of(row: Option<&GroupRow>) -> &'static str {
    match row.map(|row| (row.value.is_some(), row.met)) {
        Some((true, Some(false))) => "missed",
        Some((true, Some(true))) => "met",
        Some((true, None)) => "open",
        Some((false, _)) | None => "unknown",
    }
}

/// `/kpi`
pub fn kpis(request: &Request) -> Result<Reply, Problem> {
    let (lang, period) = (request.lang(), rows::period(request)?);
    let library = request.app.results.library()?;
    let (level, code) = rows::own(request);
    let results = all(request, &library, period, level)?;
    let before = before(request, &library, period, level)?;
    let mut groups: BTreeMap<&str, Vec<Card>> = BTreeMap::new();
    for (at, (definition, result)) in library.kpis.values().zip(&results).enumerate() {
        let row = result.one(code.as_deref());
        let value = |shown: &ShownKpi| shown.one(code.as_deref()).and_then(|row| row.value.clone());
        let quarters = before.iter().flatten().map(|quarter| value(&quarter[at]));
        let values: Vec<_> = quarters.chain([value(result)]).collect();
        let why = result.why.as_ref().map(|why| name(&why.text, lang).to_owned());
        groups.entry(state_of(row)).or_default().push(Card {
            id: definition.id.clone(),
            name: name(&definition.name, lang).to_owned(),
            unit: name(&definition.unit, lang).to_owned(),
            target: definition.target_of(period.days(definition.year).year).map(value_text),
            row: row.cloned(),
            up: definition.direction == Direction::Up,
            why,
            spark: spark::line(&values, definition.scale == ValueScale::Percent),
        });
    }
    let groups: Vec<Value> = STATES
        .into_iter()
        .filter_map(|state| Some(json!({ "state": state, "cards": groups.get(state)? })))
        .collect();
    let period = period.to_string();
    let own = json!({
        "groups": groups, "periods": rows::periods(request, &period), "period": period,
        "place": rows::place(request, level, code.as_deref()),
        "renew": before.is_none().then_some(RENEW),
    });
    page::render(&Frame::new(request), "kpis.html", own)
}

fn all(
    request: &Request,
    library: &Library,
    period: Period,
    level: Level,
) -> Result<Vec<ShownKpi>, Problem> {
    let wanted: Vec<_> = library.kpis.values().map(|kpi| (kpi, period, level)).collect();
    rows::shown(request, &wanted)
}

/// The quarters of the year before this one, if already computed: they are an
/// addition that nobody waits for.
fn before(
    request: &Request,
    library: &Library,
    period: Period,
    level: Level,
) -> Result<Option<Vec<Vec<ShownKpi>>>, Problem> {
    let mut quarters = Vec::new();
    for quarter in rows::quarters_before(period) {
        match all(request, library, quarter, level) {
            Ok(results) => quarters.push(results),
            Err(problem) if being_computed(&problem) => return Ok(None),
            Err(problem) => return Err(problem),
        }
    }
    Ok(Some(quarters))
}
