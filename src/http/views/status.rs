//! The status of the daemon, and the units.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::InboxStatus;
use crate::http::endpoint::Endpoint;
use crate::http::params::common::{PAGE, PER_PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::{ListPage, Overview, SubmissionFilter, SubmissionLine, UnitSummary};
use crate::units::{Held, Unit};

/// Waiting archives of each unit that the status names.
const NAMED_OF_UNIT: usize = 20;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            about: "route.status",
            schema: Some(ReplySchema::from_type::<StatusReply>()),
            ..Endpoint::api("status", "/api/v1/status")
        },
        view: status,
    },
    Route {
        endpoint: Endpoint {
            about: "route.units",
            params: &[
                Param {
                    name: "cup",
                    kind: ParamType::Hcode,
                    about: "Only units of this main unit.",
                },
                PAGE,
                PER_PAGE,
            ],
            schema: Some(ReplySchema::from_type::<ListPage<UnitRow>>()),
            problems: &[problem::NO_UNIT],
            ..Endpoint::api("units", "/api/v1/units")
        },
        view: units,
    },
];

#[derive(Serialize, JsonSchema)]
struct StatusReply {
    /// Version of the program.
    version: &'static str,
    /// Its clock, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    now: String,
    /// When the daemon was started, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    started: String,
    /// Name of the data folder.
    data: String,
    /// The inbox.
    inbox: InboxStatus,
    /// Totals of all days.
    totals: Overview,
    /// Totals of today.
    today: Today,
    /// The last submission, if there is one.
    last_submission: Option<SubmissionLine>,
    /// Number of units in the list in force.
    units_in_force: usize,
    /// A list of units that is held back; only for the province.
    units_held: Option<Held>,
}

#[derive(Serialize, JsonSchema)]
struct Today {
    /// The day, `YYYY-MM-DD`.
    #[schemars(extend("format" = "date"))]
    day: String,
    #[serde(flatten)]
    totals: Overview,
}

/// `/api/v1/status`
pub fn status(request: &Request) -> Result<Reply, Problem> {
    let (shared, store) = (request.app, request.store()?);
    let (now, scope) = (shared.clock.now(), request.scope());
    let last = SubmissionFilter { units: scope.clone(), ..SubmissionFilter::default() };
    let day = now.date_naive().to_string();
    let name = shared.data.file_name().map(|name| name.to_string_lossy().into_owned());
    Reply::json(&StatusReply {
        version: env!("CARGO_PKG_VERSION"),
        now: now.to_rfc3339(),
        started: shared.started.to_rfc3339(),
        data: name.unwrap_or_default(),
        inbox: inbox(request),
        totals: store.overview(&scope)?,
        today: Today { totals: store.overview_of_day(&day, &scope)?, day },
        last_submission: store.submissions(&last, 1, 1)?.rows.pop(),
        units_in_force: request.environment.units.by_code.len(),
        units_held: held(request).cloned(),
    })
}

/// A list of units that is held back, for viewers who can do something about
/// it.
pub fn held<'c>(request: &'c Request) -> Option<&'c Held> {
    request.environment.units.held.as_ref().filter(|_| request.viewer.is_province())
}

/// The inbox as far as the viewer may see it: archives of their units.
/// Everything else is for the province.
pub fn inbox(request: &Request) -> InboxStatus {
    let (scope, board) = (request.scope(), request.app.inbox());
    let own = |hcode: &Option<String>| match (&scope, hcode) {
        (None, _) => true,
        (Some(units), Some(hcode)) => units.contains(hcode),
        (Some(_), None) => false,
    };
    let waiting = board.waiting.iter().filter(|one| own(&one.hcode)).cloned().collect();
    let blocked: Vec<_> = board.blocked.iter().filter(|one| own(&one.hcode)).cloned().collect();
    let mut inbox = InboxStatus {
        waiting,
        loading: board.loading.clone().filter(|loading| own(&loading.hcode)),
        blocked_total: blocked.len(),
        blocked,
        last_scan: board.last_scan.clone(),
        ..InboxStatus::default()
    };
    if scope.is_some() {
        // The first of all may be of other units, so take the first of each own
        // unit.
        let queues = || board.queues.iter().filter(|(hcode, _)| own(hcode));
        for one in queues().flat_map(|(_, queue)| queue.values().take(NAMED_OF_UNIT)) {
            if !inbox.waiting.contains(one) {
                inbox.waiting.push(one.clone());
            }
        }
        let total = queues().map(|(_, queue)| queue.len()).sum();
        inbox.waiting_total = inbox.waiting.len().max(total);
        inbox.oldest = inbox.waiting.iter().map(|one| one.since.clone()).min();
    } else {
        inbox.waiting_total = board.waiting();
        inbox.blocked_total = board.blocked_total.max(inbox.blocked.len());
        inbox.oldest.clone_from(&board.oldest);
        inbox.ignored.clone_from(&board.ignored);
        inbox.trouble.clone_from(&board.trouble);
    }
    inbox
}

/// A unit with what it has sent; null where that is nothing.
#[derive(Serialize, JsonSchema)]
struct UnitRow<'a> {
    #[serde(flatten)]
    unit: &'a Unit,
    /// Number of its submissions.
    submissions: u64,
    /// Broken ones among them.
    broken: u64,
    /// Number of the last one.
    last_submission: Option<i64>,
    /// When the last one was received, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    last_received_at: Option<&'a str>,
    /// Status of the last one.
    last_status: Option<&'a str>,
}

/// `/api/v1/units`
pub fn units(request: &Request) -> Result<Reply, Problem> {
    let lines = request.store()?.units()?;
    let lines: HashMap<&str, &UnitSummary> = lines.iter().map(|l| (l.hcode.as_str(), l)).collect();
    let (cup, scope) = (request.text("cup"), request.scope());
    if let Some(cup) = cup {
        request.must_know("cup", cup)?;
    }
    let units: Vec<&Unit> = request
        .environment
        .units
        .by_code
        .values()
        .filter(|unit| cup.is_none_or(|cup| unit.cup == cup))
        .filter(|unit| scope.as_ref().is_none_or(|units| units.contains(&unit.hcode)))
        .collect();
    let (page, per_page) = (request.page(), request.per_page());
    let rows = units
        .iter()
        .skip(((page - 1) * per_page) as usize)
        .take(per_page as usize)
        .map(|unit| {
            let line = lines.get(unit.hcode.as_str());
            UnitRow {
                unit,
                submissions: line.map_or(0, |line| line.submissions),
                broken: line.map_or(0, |line| line.broken),
                last_submission: line.map(|line| line.last_submission),
                last_received_at: line.map(|line| line.last_received_at.as_str()),
                last_status: line.map(|line| line.last_status.as_str()),
            }
        })
        .collect();
    request.page_of(&ListPage { rows, total: units.len() as u64, page, per_page })
}
