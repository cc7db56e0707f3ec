//! What came back from destinations: whose rows they passed or refused, beside
//! what was said here, and what money was received.

use schemars::JsonSchema;
use serde::Serialize;

use super::{document, submissions};
use crate::credentials::Role;
use crate::http::endpoint::{Access, Endpoint};
use crate::http::params::common::{DOCUMENT, LANG, PAGE, PER_PAGE, ROUND};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, JSON, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::money::Satang;
use crate::rep::{self, ReceivedLine};
use crate::report::json::JsonDocument;
use crate::report::{Format, csv};
use crate::store::{
    Action, CodeBeside, ListPage, RepFilter, RepLine, RepRowLine, RepSum, StatementLine,
};
use crate::submission::FreedRecord;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.reps",
            schema: Some(ReplySchema::from_type::<RepsReply>()),
            ..Endpoint::api("reps", "/api/v1/rep")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.rep",
            params: &[
                PAGE,
                PER_PAGE,
                Param {
                    name: "bad",
                    kind: ParamType::OneOf(&["yes", "no"]),
                    about: "`yes`: only lines that were refused, or are nobody's.",
                },
                Param {
                    name: "format",
                    kind: ParamType::OneOf(&["json", "csv"]),
                    about: "`csv` for a spreadsheet: all lines.",
                },
            ],
            content: &[JSON, CSV],
            schema: Some(ReplySchema::from_type::<RepReply>()),
            problems: &[problem::NO_REP],
            ..Endpoint::api("rep", "/api/v1/rep/{id}")
        },
        view: one,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.rep_unit",
            params: &[
                Param {
                    name: "month",
                    kind: ParamType::Month,
                    about: "Only rows of this month; all if not given.",
                },
                DOCUMENT,
                LANG,
            ],
            content: Format::MEDIA_TYPES_OF_STATEMENTS,
            schema: Some(ReplySchema::from_type::<JsonDocument>()),
            problems: &[problem::NO_REP, problem::NOT_ALLOWED],
            ..Endpoint::api("rep_unit", "/api/v1/rep/{id}/units/{hcode}")
        },
        view: of_unit,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.submission_rep",
            schema: Some(ReplySchema::from_type::<SubmissionRepReply>()),
            problems: &[problem::NO_SUBMISSION],
            ..Endpoint::api("submission_rep", "/api/v1/submissions/{id}/rep")
        },
        view: of_submission,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Roles(&[Role::Province, Role::Cup]),
            personal: true,
            about: "route.received",
            params: &[ROUND],
            schema: Some(ReplySchema::from_type::<ReceivedReply>()),
            problems: &[
                problem::BEING_COMPUTED,
                problem::NO_ROUND,
                problem::RULEBOOK,
                problem::UNITS,
            ],
            ..Endpoint::api("received", "/api/v1/statements/{cup}/received")
        },
        view: received,
    },
];

/// Files that came back.
#[derive(Serialize, JsonSchema)]
struct RepsReply {
    /// The newest first; of a unit or a main unit those alone that tell of
    /// their rows, with the counts of these.
    reps: Vec<RepLine>,
}

/// A file that came back.
#[derive(Serialize, JsonSchema)]
struct RepReply {
    /// The file.
    #[serde(flatten)]
    rep: RepLine,
    /// What it says, by unit and file, beside what was said here.
    sums: Vec<RepSum>,
    /// Its lines.
    lines: ListPage<RepRowLine>,
}

/// What came back of a submission.
#[derive(Serialize, JsonSchema)]
struct SubmissionRepReply {
    /// What destinations said last, by file, beside what was said here.
    sums: Vec<RepSum>,
    /// Codes of rows on which they and this house disagree.
    codes: Vec<CodeBeside>,
    /// Rows that were freed since.
    freed: Vec<FreedRecord>,
}

/// Money received by a main unit, beside what was allocated.
#[derive(Serialize, JsonSchema)]
struct ReceivedReply {
    /// The round, B.E.
    round: i32,
    /// The main unit.
    cup: String,
    /// By part.
    lines: Vec<ReceivedLine>,
    /// What statements told, line by line.
    told: Vec<ReceivedMoney>,
}

/// A line of a statement.
#[derive(Serialize, JsonSchema)]
struct ReceivedMoney {
    /// The line.
    #[serde(flatten)]
    line: StatementLine,
    /// Baht.
    amount: Satang,
}

/// `/api/v1/rep`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    Reply::json(&RepsReply { reps: request.store()?.reps(&request.scope())? })
}

/// The file in the path, as far as the viewer may see it; one that tells
/// nothing of theirs is as if it were not there. The read is logged.
fn asked(request: &Request) -> Result<RepLine, Problem> {
    let none = || Problem::new(problem::NO_REP, "see /api/v1/rep");
    let id: i64 = request.in_path("id").parse().map_err(|_| none())?;
    let found = request.store()?.rep(id, &request.scope())?.ok_or_else(none)?;
    request.log(Action::Read, request.viewer.hcode(), None, &format!("rep {id}"))?;
    Ok(found)
}

/// `/api/v1/rep/{id}`
pub fn one(request: &Request) -> Result<Reply, Problem> {
    let rep = asked(request)?;
    let (store, units) = (request.store()?, request.scope());
    let bad_only = request.text("bad") == Some("yes");
    let filter = RepFilter { units: units.clone(), bad_only, hcode: None };
    if request.text("format") == Some("csv") {
        let lines = store.rep_rows(rep.rep, &filter, 1, i64::MAX as u64)?;
        let table = csv::table(&rep::HEADER, lines.rows.iter().map(rep::cells));
        return Ok(Reply::new(CSV, table).download(&format!("khlang-rep-{}.csv", rep.rep)));
    }
    let sums = store.rep_sums_of(rep.rep, &units)?;
    let lines = store.rep_rows(rep.rep, &filter, request.page(), request.per_page())?;
    let (page, per_page, total) = (lines.page, lines.per_page, lines.total);
    let reply = Reply::json(&RepReply { rep, sums, lines })?;
    Ok(request.link_next(reply, page, per_page, total))
}

/// `/api/v1/rep/{id}/units/{hcode}`: what the unit is told.
pub fn of_unit(request: &Request) -> Result<Reply, Problem> {
    let hcode = request.in_path("hcode").to_ascii_uppercase();
    if !request.viewer.may_see(&request.environment, &hcode) {
        return Err(Problem::new(problem::NOT_ALLOWED, "not a unit of yours"));
    }
    let rep = asked(request)?;
    let catalog = &request.environment.catalog;
    let mut letters =
        rep::letters(request.store()?, catalog, &rep, Some(&hcode)).map_err(|error| {
            log::error!("{error}");
            Problem::new(problem::DATABASE, "see the log of the daemon")
        })?;
    if let Some(month) = request.text("month") {
        let month: i64 = month.replace('-', "").parse().unwrap_or(0);
        letters.retain(|letter| letter.month == month);
    }
    let all = rep::all_months(letters, &hcode, rep.rep);
    let name = format!("khlang-{}", all.name);
    document::reply(request, &all, document::format(request).unwrap_or(Format::Json), &name)
}

/// `/api/v1/submissions/{id}/rep`
pub fn of_submission(request: &Request) -> Result<Reply, Problem> {
    let id = submissions::own(request)?;
    let store = request.store()?;
    let of = store.submission_summary(id, &request.environment.catalog)?;
    Reply::json(&SubmissionRepReply {
        sums: store.rep_of_submission(id)?,
        codes: store.rep_codes(id)?,
        freed: of.map(|of| of.freed).unwrap_or_default(),
    })
}

/// `/api/v1/statements/{cup}/received`
pub fn received(request: &Request) -> Result<Reply, Problem> {
    let cup = request.in_path("cup").to_ascii_uppercase();
    if !request.viewer.is_province() && request.viewer.hcode() != Some(&cup) {
        return Err(Problem::new(problem::NOT_ALLOWED, "a statement of another main unit"));
    }
    let round = super::rounds::money(request)?;
    let number = round.book.round;
    let told = request.store()?.received(i64::from(number), Some(&cup))?;
    let mut lines = rep::compare(&round.counted.allocation, &told);
    lines.retain(|line| line.cup == cup);
    let told = told.into_iter().map(|line| ReceivedMoney { amount: Satang(line.amount), line });
    request.log(Action::Read, Some(&cup), None, &format!("received-{number}"))?;
    Reply::json(&ReceivedReply { round: number, cup, lines, told: told.collect() })
}
