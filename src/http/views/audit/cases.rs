//! Audit cases: a list of them, one, and its rows.

use super::{follows, found, is_wanted, library, log_read, money, own};
use crate::audit::view::{CaseLine, RowLine, ShownCase};
use crate::http::endpoint::Endpoint;
use crate::http::params::common::{
    CASE_ROUND, CASE_SEVERITY, CASE_STATE, OF_CUP, OVERDUE, PAGE, PER_PAGE, RULE, TRANCHE, UNIT,
};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, JSON, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::ListPage;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.audit_cases",
            params: &[
                CASE_ROUND,
                TRANCHE,
                UNIT,
                OF_CUP,
                RULE,
                CASE_STATE,
                CASE_SEVERITY,
                OVERDUE,
                PAGE,
                PER_PAGE,
            ],
            schema: Some(ReplySchema::from_type::<ListPage<CaseLine>>()),
            problems: &[problem::NO_UNIT, problem::RULES],
            ..Endpoint::api("audit_cases", "/api/v1/audit/cases")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.audit_case",
            schema: Some(ReplySchema::from_type::<ShownCase>()),
            problems: &[problem::NO_CASE, problem::BEING_COMPUTED],
            ..Endpoint::api("audit_case", "/api/v1/audit/cases/{id}")
        },
        view: one,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.audit_rows",
            params: &[
                PAGE,
                PER_PAGE,
                Param {
                    name: "format",
                    kind: ParamType::OneOf(&["json", "csv"]),
                    about: "`csv` for a spreadsheet.",
                },
            ],
            content: &[JSON, CSV],
            schema: Some(ReplySchema::from_type::<ListPage<RowLine>>()),
            problems: &[problem::NO_CASE],
            ..Endpoint::api("audit_rows", "/api/v1/audit/cases/{id}/rows")
        },
        view: rows,
    },
];

/// Rows of a case that are told with it.
const FIRST_ROWS: usize = 50;

/// `/api/v1/audit/cases`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let round = request.number("round").and_then(|round| i64::try_from(round).ok());
    let unit = request.own_unit("unit")?;
    if let Some(cup) = request.text("cup") {
        request.must_know("cup", cup)?;
    }
    let (rule, tranche) = (request.text("rule"), request.text("tranche"));
    let mut lines = found(request, round, |case| {
        unit.as_ref().is_none_or(|unit| *unit == case.hcode)
            && rule.is_none_or(|rule| rule == case.rule)
            && tranche.is_none_or(|tranche| tranche == case.tranche)
    })?;
    // A rule that is no longer there is known by its cases, to who may see them.
    if let Some(rule) = rule.filter(|_| lines.is_empty())
        && library(request)?.get(rule).is_none()
    {
        let detail = format!("rule: there is no rule {rule}, see /api/v1/audit/rules");
        return Err(Problem::new(problem::INVALID_PARAMETER, detail));
    }
    lines.retain(|line| is_wanted(request, line));
    request.page_of(&cut(request, lines, request.per_page()))
}

/// The page of a list that was asked for.
pub fn cut<T>(request: &Request, all: Vec<T>, per_page: u64) -> ListPage<T> {
    let (total, page) = (all.len() as u64, request.page());
    let before = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
    let rows = all.into_iter().skip(before).take(per_page as usize).collect();
    ListPage { rows, total, page, per_page }
}

/// `/api/v1/audit/cases/{id}`
pub fn one(request: &Request) -> Result<Reply, Problem> {
    let reader = request.store()?;
    let (whole, actor) = own(request, reader)?;
    log_read(request, &whole)?;
    let today = request.app.clock.now().date_naive();
    let money = money(request, reader, &whole)?;
    let mut shown = whole.shown(&request.environment.units, actor, today, money);
    shown.line.follows = follows(request, reader, &whole.case)?;
    shown.rows = whole.rows(reader, &request.environment.catalog)?;
    shown.rows.truncate(FIRST_ROWS);
    shown.rows_cut = shown.rows_total > shown.rows.len() as u64;
    let mut reply = Reply::json(&shown)?;
    reply.state = Some(shown.line.etag);
    Ok(reply)
}

/// `/api/v1/audit/cases/{id}/rows`
pub fn rows(request: &Request) -> Result<Reply, Problem> {
    let reader = request.store()?;
    let (whole, _) = own(request, reader)?;
    log_read(request, &whole)?;
    let rows = whole.rows(reader, &request.environment.catalog)?;
    if request.text("format") == Some("csv") {
        let name = format!("khlang-case-{}-rows.csv", whole.case.opened.id);
        return Ok(Reply::new(CSV, whole.rows_csv(&rows)).download(&name));
    }
    request.page_of(&cut(request, rows, request.per_page()))
}
