//! Who has sent in a month, and who has not.

use std::collections::HashMap;

use chrono::{Datelike, Days, Months, NaiveDate};
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::endpoint::Endpoint;
use crate::http::params::common::{MONTH, PAGE, PER_PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::UnitSummary;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.expected",
        params: &[
            MONTH,
            Param {
                name: "sent",
                kind: ParamType::OneOf(&["yes", "no"]),
                about: "Only who has, or has not.",
            },
            Param { name: "cup", kind: ParamType::Hcode, about: "Only units of this main unit." },
            PAGE,
            PER_PAGE,
        ],
        schema: Some(ReplySchema::from_type::<ExpectedPage>()),
        problems: &[problem::BEING_COMPUTED, problem::NO_UNIT],
        ..Endpoint::api("expected", "/api/v1/expected")
    },
    view: list,
}];

/// Types of units that send no archives: offices. The completeness indicator
/// leaves out the same ones (`schema/kpi/completeness.sql`).
const OFFICES: [&str; 2] = ["01", "02"];

/// A unit in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExpectedUnit {
    /// HCODE.
    pub hcode: String,
    /// Name of the unit.
    pub name: String,
    /// HCODE of its main unit.
    pub cup: String,
    /// District of the unit.
    pub district: String,
    /// Whether it has sent: an archive of its own in this month, or visits of
    /// this month, whoever sent them.
    pub sent: bool,
    /// Archives that it sent in this month.
    pub submissions: u64,
    /// Broken ones among them.
    pub broken: u64,
    /// When the last one was received, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last_received_at: Option<String>,
    /// Status of the last one.
    pub last_status: Option<String>,
    /// Whether visits of this month are stored.
    pub visits: bool,
}

/// A month.
#[allow(clippy::struct_field_names, reason = "the API names its fields")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expected {
    /// The month, `YYYY-MM`, C.E.
    pub month: String,
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// Whether it is over.
    pub over: bool,
    /// Number of units that have to send.
    pub expected: u64,
    /// Number of those that have.
    pub sent: u64,
    /// Number of those that have not.
    pub missing: u64,
    /// The units, those that have not sent first.
    pub rows: Vec<ExpectedUnit>,
}

/// The month asked for, by default the present one.
pub fn month(request: &Request) -> Result<NaiveDate, Problem> {
    let today = request.app.clock.now().date_naive();
    let first = match request.text("month") {
        Some(month) => format!("{month}-01").parse().ok(),
        None => today.with_day(1),
    };
    first.ok_or_else(|| Problem::new(problem::INVALID_PARAMETER, "month must be YYYY-MM (C.E.)"))
}

/// Who has sent in a month, as far as the viewer may see it.
pub fn of_month(request: &Request, first: NaiveDate) -> Result<Expected, Problem> {
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    let last = next.checked_sub_days(Days::new(1)).unwrap_or(first);
    let sent = request.store()?.sent_between(&first.to_string(), &last.to_string())?;
    let sent: HashMap<&str, &UnitSummary> = sent.iter().map(|l| (l.hcode.as_str(), l)).collect();
    let visited = request.results()?.visited(first.year() as u32 * 100 + first.month())?;
    let scope = request.scope();
    let units = request.environment.units.by_code.values();
    let mut rows: Vec<ExpectedUnit> = units
        .filter(|unit| !OFFICES.contains(&unit.kind.as_str()))
        .filter(|unit| scope.as_ref().is_none_or(|own| own.contains(&unit.hcode)))
        .map(|unit| {
            let line = sent.get(unit.hcode.as_str());
            let (submissions, broken) = line.map_or((0, 0), |line| (line.submissions, line.broken));
            let visits = visited.contains(&unit.hcode);
            ExpectedUnit {
                hcode: unit.hcode.clone(),
                name: unit.name.clone(),
                cup: unit.cup.clone(),
                district: unit.district.clone(),
                // A broken archive has not arrived.
                sent: submissions > broken || visits,
                submissions,
                broken,
                last_received_at: line.map(|line| line.last_received_at.clone()),
                last_status: line.map(|line| line.last_status.clone()),
                visits,
            }
        })
        .collect();
    rows.sort_by_key(|unit| unit.sent);
    let (expected, done) = (rows.len(), rows.iter().filter(|unit| unit.sent).count());
    Ok(Expected {
        month: first.format("%Y-%m").to_string(),
        from: first,
        to: last,
        over: last < request.app.clock.now().date_naive(),
        expected: expected as u64,
        sent: done as u64,
        missing: (expected - done) as u64,
        rows,
    })
}

/// A page of the units of a month.
#[derive(Serialize, JsonSchema)]
struct ExpectedPage {
    #[serde(flatten)]
    all: Expected,
    /// Number of units on all pages.
    total: u64,
    /// This page, from 1.
    page: u64,
    /// Units on a full page.
    per_page: u64,
}

/// `/api/v1/expected`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let mut all = of_month(request, month(request)?)?;
    if let Some(wanted) = request.text("sent") {
        all.rows.retain(|unit| unit.sent == (wanted == "yes"));
    }
    if let Some(cup) = request.text("cup") {
        request.must_know("cup", cup)?;
        all.rows.retain(|unit| unit.cup == cup);
    }
    let (total, page, per_page) = (all.rows.len() as u64, request.page(), request.per_page());
    let from = (page - 1).saturating_mul(per_page) as usize;
    all.rows = all.rows.into_iter().skip(from).take(per_page as usize).collect();
    let reply = Reply::json(&ExpectedPage { all, total, page, per_page })?;
    Ok(request.link_next(reply, page, per_page, total))
}
