//! `/kpi`: every indicator as a card: what it comes to for who looks, its
//! target, and the quarters of the year so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::rows::{self, Row, name};
use super::spark::{self, Spark};
use super::{RENEW, being_computed};
use crate::http::call::Call;
use crate::http::figures;
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::kpi::{Definition, Direction, KpiResult, Level, Library, Period};

/// A card.
#[derive(Serialize)]
struct Card {
    id: String,
    name: String,
    unit: String,
    row: Option<Row>,
    target: Option<String>,
    /// The target is a floor, not a ceiling.
    up: bool,
    why: Option<String>,
    spark: Option<Spark>,
}

/// States of cards; what needs looking after comes first.
const STATES: [&str; 4] = ["missed", "met", "open", "unknown"];

fn state_of(row: Option<&Row>) -> &'static str {
    match row.map(|row| (row.value.is_some(), row.met)) {
        Some((true, Some(false))) => "missed",
        Some((true, Some(true))) => "met",
        Some((true, None)) => "open",
        Some((false, _)) | None => "unknown",
    }
}

/// `/kpi`
pub fn kpis(call: &Call) -> Result<Reply, Problem> {
    let (lang, period) = (call.lang(), rows::period(call)?);
    let library = figures::library(call)?;
    let (level, code) = rows::own(call);
    let results = all(call, &library, period, level)?;
    let before = before(call, &library, period, level)?;
    let mut groups: BTreeMap<&str, Vec<Card>> = BTreeMap::new();
    for (at, (definition, result)) in library.kpis.values().zip(&results).enumerate() {
        let row = rows::one(call, definition, result, code.as_deref())?;
        let mut values = Vec::new();
        for quarter in before.iter().flatten() {
            let row = rows::one(call, definition, &quarter[at], code.as_deref())?;
            values.push(row.and_then(|row| row.value));
        }
        values.push(row.as_ref().and_then(|row| row.value.clone()));
        let state = state_of(row.as_ref());
        let card = card(lang, definition, result, row, spark::line(&values));
        groups.entry(state).or_default().push(card);
    }
    let groups: Vec<Value> = STATES
        .into_iter()
        .filter_map(|state| Some(json!({ "state": state, "cards": groups.get(state)? })))
        .collect();
    let period = period.to_string();
    let own = json!({
        "groups": groups, "periods": rows::periods(call, &period), "period": period,
        "place": rows::place(call, level, code.as_deref()),
        "renew": before.is_none().then_some(RENEW),
    });
    page::render(&Frame::of(call), "kpis.html", own)
}

fn all(
    call: &Call,
    library: &Library,
    period: Period,
    level: Level,
) -> Result<Vec<Arc<KpiResult>>, Problem> {
    let wanted: Vec<_> = library.kpis.keys().map(|id| (id.as_str(), period, level)).collect();
    figures::kpis(call, &wanted)
}

/// The quarters of the year before this one, when they are counted already:
/// they are an addition, and nobody waits for them.
fn before(
    call: &Call,
    library: &Library,
    period: Period,
    level: Level,
) -> Result<Option<Vec<Vec<Arc<KpiResult>>>>, Problem> {
    let mut quarters = Vec::new();
    for quarter in rows::quarters_before(period) {
        match all(call, library, quarter, level) {
            Ok(results) => quarters.push(results),
            Err(problem) if being_computed(&problem) => return Ok(None),
            Err(problem) => return Err(problem),
        }
    }
    Ok(Some(quarters))
}

fn card(
    lang: Lang,
    definition: &Definition,
    result: &KpiResult,
    row: Option<Row>,
    spark: Option<Spark>,
) -> Card {
    Card {
        id: definition.id.clone(),
        name: name(&definition.name, lang).to_owned(),
        unit: name(&definition.unit, lang).to_owned(),
        target: row.as_ref().and_then(|row| row.target.clone()),
        row,
        up: definition.direction == Direction::Up,
        why: result.not_computable.as_ref().map(|why| name(&why.text, lang).to_owned()),
        spark,
    }
}
