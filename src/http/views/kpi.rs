//! Indicators: the list, results, and why persons count or do not.

use schemars::JsonSchema;
use serde::Serialize;

use super::document;
use crate::app::redaction::{self, RedactedKpi};
use crate::app::results::definition;
use crate::clock::fiscal_year_of;
use crate::http::endpoint::Endpoint;
use crate::http::params::common::{
    FORMAT, GROUP, LANG, LEVEL, OF_UNIT, PAGE, PER_PAGE, PERIOD, UNIT,
};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, JSON, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::kpi::{
    Definition, FunnelStep, Level, Missing, NotComputable, Period, PeriodSpan, PersonExplained,
};
use crate::report::Format;
use crate::report::csv;
use crate::store::Action;
use crate::text::Bilingual;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.kpis",
            schema: Some(ReplySchema::from_type::<Vec<Definition>>()),
            asks_store: false,
            ..Endpoint::api("kpis", "/api/v1/kpi")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            about: "route.kpi",
            params: &[PERIOD, LEVEL, OF_UNIT, GROUP, FORMAT, LANG],
            content: Format::MEDIA_TYPES,
            schema: Some(ReplySchema::from_type::<RedactedKpi>()),
            problems: &[problem::BEING_COMPUTED, problem::NO_KPI, problem::NO_UNIT],
            ..Endpoint::api("kpi", "/api/v1/kpi/{kpi}")
        },
        view: one,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.kpi_explain",
            params: &[
                PERIOD,
                UNIT,
                Param { name: "person", kind: ParamType::Cid, about: "Citizen ID of one person." },
                PAGE,
                PER_PAGE,
                Param {
                    name: "format",
                    kind: ParamType::OneOf(&["json", "csv"]),
                    about: "`csv` for all whom the unit misses.",
                },
            ],
            content: &[JSON, CSV],
            schema: Some(ReplySchema::from_type::<KpiExplained>()),
            problems: &[problem::BEING_COMPUTED, problem::NO_KPI, problem::NO_UNIT],
            ..Endpoint::api("kpi_explain", "/api/v1/kpi/{kpi}/explain")
        },
        view: explain,
    },
];

/// `/api/v1/kpi`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let library = request.app.results.library()?;
    Reply::json(&library.kpis.values().collect::<Vec<_>>())
}

/// The period asked for, by default the present fiscal year.
pub fn period(request: &Request) -> Result<Period, Problem> {
    let today = request.app.clock.now().date_naive();
    let text = request.owned("period").unwrap_or_else(|| fiscal_year_of(today).to_string());
    text.parse()
        .map_err(|error| Problem::new(problem::INVALID_PARAMETER, format!("period: {error}")))
}

/// `/api/v1/kpi/{kpi}`
pub fn one(request: &Request) -> Result<Reply, Problem> {
    let library = request.app.results.library()?;
    let definition = definition(&library, request.in_path("kpi"))?;
    let level = request.text("level").and_then(|level| level.parse().ok()).unwrap_or(Level::Unit);
    if let Some(hcode) = request.text("unit") {
        request.must_know("unit", hcode)?;
    }
    let mut redacted =
        redaction::kpi(&request.results()?, &request.viewer, definition, period(request)?, level)?;
    if let Some(group) = request.text("group") {
        let groups = || request.environment.units.by_code.values().map(|unit| level.group(unit));
        if !groups().any(|known| known == group) && !redacted.rows.iter().any(|r| r.code == group) {
            let near = crate::spelling::nearest(group, groups());
            let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
            let what = format!("group: there is no {level} {group}{near}");
            return Err(Problem::new(problem::NO_UNIT, what));
        }
        redacted.rows.retain(|row| row.code == group);
    }
    if let Some(hcode) = request.text("unit") {
        // At other levels the group that the unit is in.
        let unit = request.environment.units.by_code.get(hcode);
        let group = unit.map_or(hcode, |unit| level.group(unit));
        redacted.rows.retain(|row| row.code == group);
    }
    let name = format!("khlang-{}-{}-{level}", redacted.kpi, redacted.period.name);
    let limit = request.environment.config.privacy.small_count;
    match document::format(request) {
        None => Reply::json(&redacted),
        Some(format) => {
            document::reply(request, &redacted.document(definition, limit), format, &name)
        }
    }
}

/// Why persons count or do not: those of a unit, or one.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum KpiExplained<'a> {
    Unit(FunnelPage<'a>),
    Person(&'a PersonExplained),
}

/// Where a unit loses persons, and one page of those it misses.
#[allow(clippy::struct_field_names, reason = "the API names its fields")]
#[derive(Serialize, JsonSchema)]
struct FunnelPage<'a> {
    /// Id of the indicator.
    kpi: &'a str,
    /// The period and its days.
    period: &'a PeriodSpan,
    /// HCODE of the unit.
    hcode: &'a str,
    /// Persons left after each condition.
    funnel: &'a [FunnelStep],
    /// Persons by the reason why they do not count.
    excluded: &'a std::collections::BTreeMap<String, u64>,
    /// Texts of the reasons.
    reasons: Reasons<'a>,
    /// Why the data cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_computable: Option<&'a NotComputable>,
    /// Persons of this page who are missed.
    missing: &'a [Missing],
    /// Persons on all pages.
    total: u64,
    /// This page, from 1.
    page: u64,
    /// Persons on a full page.
    per_page: u64,
}

/// Texts of the reasons.
type Reasons<'a> = &'a std::collections::BTreeMap<String, Bilingual>;

/// `/api/v1/kpi/{kpi}/explain`
pub fn explain(request: &Request) -> Result<Reply, Problem> {
    let library = request.app.results.library()?;
    let definition = definition(&library, request.in_path("kpi"))?;
    let own = || request.viewer.hcode().map(str::to_owned);
    let unit = request.own_unit("unit")?.or_else(own);
    let period = period(request)?;
    if let Some(cid) = request.text("person") {
        return person(request, &definition.id, period, unit.as_deref(), cid);
    }
    let unit = unit.ok_or_else(|| {
        Problem::new(problem::INVALID_PARAMETER, "unit is needed: whose persons are asked for")
    })?;
    if !request.environment.units.knows(&unit) {
        return Err(Problem::new(problem::NO_UNIT, "see /api/v1/units"));
    }
    request.log(Action::Read, Some(&unit), None, &definition.id)?;
    let explained = request.results()?.unit(&definition.id, period, &unit)?;
    if request.text("format") == Some("csv") {
        let rows = explained.missing.iter().map(|one| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default().into();
            [one.person.as_str().into(), text(&one.pid), text(&one.lacks), text(&one.reason)]
        });
        let table = csv::table(&["person", "pid", "lacks", "reason"], rows);
        let name = format!("khlang-{}-{period}-{unit}-missing.csv", definition.id);
        return Ok(Reply::new(CSV, table).download(&name));
    }
    let (page, per_page) = (request.page(), request.per_page());
    let total = explained.missing.len();
    let from = ((page - 1).saturating_mul(per_page) as usize).min(total);
    let to = from.saturating_add(per_page as usize).min(total);
    let reply = Reply::json(&KpiExplained::Unit(FunnelPage {
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
    }))?;
    Ok(request.link_next(reply, page, per_page, total as u64))
}

/// Why a person counts, at the units that may be seen. Persons outside the
/// viewer's scope are treated as unknown, so that no existence leaks.
fn person(
    request: &Request,
    id: &str,
    period: Period,
    unit: Option<&str>,
    cid: &str,
) -> Result<Reply, Problem> {
    request.log(Action::Read, unit, None, &format!("{id}, one person"))?;
    let mut explained = (*request.results()?.person(id, period, cid)?).clone();
    let scope = request.scope();
    let visible = |hcode: &str| {
        let asked = unit.is_none_or(|unit| unit == hcode);
        // A main unit that names itself asks about all of its units.
        let own = scope.as_ref().is_some_and(|own| own.contains(hcode));
        (asked && scope.is_none()) || (own && (asked || request.text("unit").is_none()))
    };
    explained.registered.retain(|known| visible(&known.hcode));
    explained.outcomes.retain(|outcome| visible(&outcome.hcode));
    Reply::json(&KpiExplained::Person(&explained))
}
