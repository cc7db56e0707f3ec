//! Indicators: the list, the figures, and why persons count or do not.

use serde::Serialize;

use super::document;
use crate::clock::fiscal_year_of;
use crate::http::call::Call;
use crate::http::figures::{self, definition};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, Reply};
use crate::http::seen;
use crate::kpi::{FunnelStep, Level, Missing, NotComputable, Period, PeriodSpan};
use crate::report::csv;
use crate::store::Action;
use crate::text::Bilingual;

/// `/api/v1/kpi`
pub fn list(call: &Call) -> Result<Reply, Problem> {
    let library = figures::library(call)?;
    Reply::json(&library.kpis.values().collect::<Vec<_>>())
}

/// The period asked for; the fiscal year of today when none is.
pub fn period(call: &Call) -> Result<Period, Problem> {
    let today = call.shared.clock.now().date_naive();
    let text = call.owned("period").unwrap_or_else(|| fiscal_year_of(today).to_string());
    text.parse()
        .map_err(|error| Problem::new(problem::INVALID_PARAMETER, format!("period: {error}")))
}

/// `/api/v1/kpi/{kpi}`
pub fn one(call: &Call) -> Result<Reply, Problem> {
    let library = figures::library(call)?;
    let definition = definition(&library, call.in_path("kpi"))?;
    let level = call.text("level").and_then(|level| level.parse().ok()).unwrap_or(Level::Unit);
    if let Some(hcode) = call.text("unit") {
        call.must_know("unit", hcode)?;
    }
    let mut seen = seen::kpi(call, definition, period(call)?, level)?;
    if let Some(group) = call.text("group") {
        let groups = || call.world.units.by_code.values().map(|unit| level.group(unit));
        if !groups().any(|known| known == group) && !seen.rows.iter().any(|r| r.code == group) {
            let near = crate::spelling::nearest(group, groups());
            let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
            let what = format!("group: there is no {level} {group}{near}");
            return Err(Problem::new(problem::NO_UNIT, what));
        }
        seen.rows.retain(|row| row.code == group);
    }
    if let Some(hcode) = call.text("unit") {
        // At other levels the group that the unit is in.
        let unit = call.world.units.by_code.get(hcode);
        let group = unit.map_or(hcode, |unit| level.group(unit));
        seen.rows.retain(|row| row.code == group);
    }
    let name = format!("khlang-{}-{}-{level}", seen.kpi, seen.period.name);
    let limit = call.world.config.privacy.small_count;
    match document::format(call) {
        None => Reply::json(&seen),
        Some(format) => document::reply(call, &seen.document(definition, limit), format, &name),
    }
}

/// Where a unit loses people; of those it misses one page.
#[allow(clippy::struct_field_names, reason = "the API names its fields")]
#[derive(Serialize)]
struct Funnel<'a> {
    kpi: &'a str,
    period: &'a PeriodSpan,
    hcode: &'a str,
    funnel: &'a [FunnelStep],
    excluded: &'a std::collections::BTreeMap<String, u64>,
    reasons: Reasons<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_computable: Option<&'a NotComputable>,
    missing: &'a [Missing],
    total: u64,
    page: u64,
    per_page: u64,
}

/// What the reasons mean.
type Reasons<'a> = &'a std::collections::BTreeMap<String, Bilingual>;

/// `/api/v1/kpi/{kpi}/explain`
pub fn explain(call: &Call) -> Result<Reply, Problem> {
    let library = figures::library(call)?;
    let definition = definition(&library, call.in_path("kpi"))?;
    let own = || call.viewer.hcode().map(str::to_owned);
    let unit = call.own_unit("unit")?.or_else(own);
    let period = period(call)?;
    if let Some(cid) = call.text("person") {
        return person(call, &definition.id, period, unit.as_deref(), cid);
    }
    let unit = unit.ok_or_else(|| {
        Problem::new(problem::INVALID_PARAMETER, "unit is needed: whose persons are asked for")
    })?;
    if !call.world.units.knows(&unit) {
        return Err(Problem::new(problem::NO_UNIT, "see /api/v1/units"));
    }
    call.log(Action::Read, Some(&unit), None, &definition.id)?;
    let explained = figures::unit(call, &definition.id, period, &unit)?;
    if call.text("format") == Some("csv") {
        let rows = explained.missing.iter().map(|one| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default().into();
            [one.person.as_str().into(), text(&one.pid), text(&one.lacks), text(&one.reason)]
        });
        let table = csv::table(&["person", "pid", "lacks", "reason"], rows);
        let name = format!("khlang-{}-{period}-{unit}-missing.csv", definition.id);
        return Ok(Reply::new(CSV, table).download(&name));
    }
    let (page, per_page) = (call.page(), call.per_page());
    let total = explained.missing.len();
    let from = ((page - 1).saturating_mul(per_page) as usize).min(total);
    let to = from.saturating_add(per_page as usize).min(total);
    let reply = Reply::json(&Funnel {
        kpi: &explained.kpi,
        period: &explained.period,
        hcode: &explained.hcode,
        funnel: &explained.funnel,
        excluded: &explained.excluded,
        reasons: &definition.exclusions,
        not_computable: explained.not_computable.as_ref(),
        missing: &explained.missing[from..to],
        total: total as u64,
        page,
        per_page,
    })?;
    Ok(call.link_next(reply, page, per_page, total as u64))
}

/// Why a person counts: at the units that may be seen. A person whom only
/// others know is like one whom nobody knows.
fn person(
    call: &Call,
    id: &str,
    period: Period,
    unit: Option<&str>,
    cid: &str,
) -> Result<Reply, Problem> {
    call.log(Action::Read, unit, None, &format!("{id}, one person"))?;
    let mut explained = (*figures::person(call, id, period, cid)?).clone();
    let scope = call.scope();
    let seen = |hcode: &str| {
        let asked = unit.is_none_or(|unit| unit == hcode);
        // A main unit that names itself asks about all of its units.
        let own = scope.as_ref().is_some_and(|own| own.contains(hcode));
        (asked && scope.is_none()) || (own && (asked || call.text("unit").is_none()))
    };
    explained.registered.retain(|known| seen(&known.hcode));
    explained.outcomes.retain(|outcome| seen(&outcome.hcode));
    Reply::json(&explained)
}
