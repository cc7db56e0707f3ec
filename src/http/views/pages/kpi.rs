//! `/kpi`: every indicator as a card: what it comes to for who looks, its
//! target, and the quarters of the year so far.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::rows::{self, Row, Shown, name};
use super::spark::{self, Spark};
use super::{RENEW, being_computed};
use crate::http::call::Call;
use crate::http::figures;
use crate::http::page::{self, Frame};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::kpi::{Direction, Level, Library, Period, value_text};

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
        let row = result.one(code.as_deref());
        let value = |shown: &Shown| shown.one(code.as_deref()).and_then(|row| row.value.clone());
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
            spark: spark::line(&values),
        });
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
) -> Result<Vec<Shown>, Problem> {
    let wanted: Vec<_> = library.kpis.values().map(|kpi| (kpi, period, level)).collect();
    rows::shown(call, &wanted)
}

/// The quarters of the year before this one, when they are counted already:
/// they are an addition, and nobody waits for them.
fn before(
    call: &Call,
    library: &Library,
    period: Period,
    level: Level,
) -> Result<Option<Vec<Vec<Shown>>>, Problem> {
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
