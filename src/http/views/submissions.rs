//! Submissions and the findings about their rows.

use super::archives;
use crate::http::endpoint::Endpoint;
use crate::http::params::common::{CODE, FINDING_STATE, OF_FILE, PAGE, PER_PAGE, SEVERITY};
use crate::http::params::{Param, ParamType};
use crate::http::problem;
use crate::http::problem::Problem;
use crate::http::reply::{CSV, JSON, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::report::{csv, findings};
use crate::store::{
    Action, FindingFilter, FindingScope, FindingState, ListPage, Mended, SubmissionFilter,
    SubmissionLine, SubmissionSort, UnitFinding,
};
use crate::submission::{FindingLine, Submission};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.submissions",
            params: &[
                Param { name: "hcode", kind: ParamType::Hcode, about: "Only of this unit." },
                Param { name: "status", kind: ParamType::Status, about: "Only with this status." },
                Param {
                    name: "from",
                    kind: ParamType::Day,
                    about: "Received on this day or later.",
                },
                Param {
                    name: "to",
                    kind: ParamType::Day,
                    about: "Received on this day or earlier.",
                },
                Param {
                    name: "sort",
                    kind: ParamType::OneOf(&["-id", "id", "hcode", "archive", "-bytes"]),
                    about: "Order; `-id`, the newest first, if not given.",
                },
                PAGE,
                PER_PAGE,
            ],
            schema: Some(ReplySchema::from_type::<ListPage<SubmissionLine>>()),
            problems: &[problem::NO_UNIT],
            ..Endpoint::api("submissions", "/api/v1/submissions")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.submission",
            schema: Some(ReplySchema::from_type::<Submission>()),
            also: &[archives::NOT_YET],
            problems: &[problem::NO_SUBMISSION],
            ..Endpoint::api("submission", "/api/v1/submissions/{id}")
        },
        view: one,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.findings",
            params: &[
                PAGE,
                PER_PAGE,
                CODE,
                SEVERITY,
                OF_FILE,
                FINDING_STATE,
                Param {
                    name: "format",
                    kind: ParamType::OneOf(&["json", "csv"]),
                    about: "`csv` for a spreadsheet.",
                },
            ],
            content: &[JSON, CSV],
            schema: Some(ReplySchema::from_type::<ListPage<FindingLine>>()),
            problems: &[problem::NO_SUBMISSION],
            ..Endpoint::api("findings", "/api/v1/submissions/{id}/findings")
        },
        view: of_rows,
    },
];

/// Findings read from the store at a time for a download.
const BATCH: u64 = 5_000;

/// `/api/v1/submissions`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let sort = SubmissionSort::NAMES.iter().find(|(name, _)| request.text("sort") == Some(*name));
    let filter = SubmissionFilter {
        units: request.scope(),
        sort: sort.map_or_else(SubmissionSort::default, |(_, sort)| *sort),
        hcode: request.own_unit("hcode")?,
        status: request.owned("status"),
        from: request.owned("from"),
        to: request.owned("to"),
    };
    request.page_of(&request.store()?.submissions(&filter, request.page(), request.per_page())?)
}

/// The submission in the path, if the viewer may see its unit; otherwise it
/// looks as if it did not exist. The read is logged.
pub fn own(request: &Request) -> Result<i64, Problem> {
    let id = request.id()?;
    let sender = request.store()?.sender(id)?.ok_or_else(|| request.no_submission())?;
    let visible = match &sender {
        Some(hcode) => request.viewer.may_see(&request.environment, hcode),
        None => request.viewer.is_province(),
    };
    if !visible {
        return Err(request.no_submission());
    }
    request.log(Action::Read, sender.as_deref(), Some(id), "")?;
    Ok(id)
}

/// `/api/v1/submissions/{id}`
pub fn one(request: &Request) -> Result<Reply, Problem> {
    // Checked first: a submission stored in between is found in one or the
    // other.
    if let Some(waiting) = archives::not_yet(request, request.id()?)? {
        return Ok(waiting);
    }
    let found = request.store()?.submission(own(request)?, &request.environment.catalog)?;
    let mut submission = found.ok_or_else(|| request.no_submission())?;
    let findings = std::mem::take(&mut submission.findings);
    submission.findings = findings.into_iter().map(|f| request.viewer.redact_finding(f)).collect();
    Reply::json(&submission)
}

/// `/api/v1/submissions/{id}/findings`
pub fn of_rows(request: &Request) -> Result<Reply, Problem> {
    let id = own(request)?;
    let as_csv = request.text("format") == Some("csv");
    // The list in its order is found by its place, and needs no filter.
    if ["code", "severity", "file", "state"].iter().all(|name| request.text(name).is_none()) {
        if as_csv {
            return download(id, |page, rows| whole(request, id, page, rows));
        }
        return request.page_of(&whole(request, id, request.page(), request.per_page())?);
    }
    let (store, catalog) = (request.store()?, &request.environment.catalog);
    let scope = FindingScope::Submission(id);
    let of = filter(request, scope);
    let mended = if of.state.is_some() { store.mended(scope, catalog)? } else { Mended::default() };
    let some = |page, rows| {
        let found = store.found(of, &mended, (page, rows), catalog)?;
        let redacted = |line: UnitFinding| request.viewer.redact_finding(line.finding);
        let ListPage { rows, total, page, per_page } = found;
        Ok(ListPage { rows: rows.into_iter().map(redacted).collect(), total, page, per_page })
    };
    if as_csv {
        return download(id, some);
    }
    request.page_of(&some(request.page(), request.per_page())?)
}

/// The filter asked for.
pub fn filter<'c>(request: &'c Request, scope: FindingScope<'c>) -> FindingFilter<'c> {
    FindingFilter {
        scope,
        code: request.text("code"),
        severity: request.text("severity"),
        file: request.text("file"),
        state: match request.text("state") {
            Some("open") => Some(FindingState::Open),
            Some(_) => Some(FindingState::Mended),
            None => None,
        },
    }
}

/// A page of all findings of a submission.
fn whole(
    request: &Request,
    id: i64,
    page: u64,
    per_page: u64,
) -> Result<ListPage<FindingLine>, Problem> {
    let found = request.store()?.findings(id, page, per_page, &request.environment.catalog)?;
    let mut page = found.ok_or_else(|| request.no_submission())?;
    page.rows =
        page.rows.into_iter().map(|finding| request.viewer.redact_finding(finding)).collect();
    Ok(page)
}

/// All stored findings that were asked for, for a spreadsheet;
/// `limits.findings` bounds them.
fn download(
    id: i64,
    some: impl Fn(u64, u64) -> Result<ListPage<FindingLine>, Problem>,
) -> Result<Reply, Problem> {
    let (mut kept, mut page) = (Vec::new(), 1);
    loop {
        let found = some(page, BATCH)?;
        kept.extend(found.rows);
        if page * BATCH >= found.total {
            break;
        }
        page += 1;
    }
    let table = csv::table(&findings::HEADER, kept.iter().map(findings::row));
    Ok(Reply::new(CSV, table).download(&format!("khlang-{id}-findings.csv")))
}
