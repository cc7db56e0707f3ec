//! `/`: what was received today, broken archives, and the state of the inbox.

use chrono::Duration;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Pager, ProblemLine, problems, spoken, unit_name};
use crate::archive::Standard;
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, LIVE, PAGE};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::status;
use crate::store::{SubmissionFilter, SubmissionLine};
use crate::submission::Texts;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.page",
        params: &[PAGE, LANG, LIVE],
        menu: Some("today"),
        ..Endpoint::page("page", "/")
    },
    view: today,
}];

/// Submissions on one page.
const SHOWN: u64 = 50;

/// Most broken archives that are explained.
const BROKEN_SHOWN: u64 = 20;

/// Days for which broken archives are shown: one that was received at night
/// must be seen in the morning.
const BROKEN_DAYS: i64 = 7;

#[derive(Serialize)]
struct ProblemReason {
    code: String,
    text: String,
}

/// A submission in today's list.
#[derive(Serialize)]
struct SubmissionItem {
    #[serde(flatten)]
    line: SubmissionLine,
    unit: Option<String>,
    why: Vec<ProblemReason>,
}

/// A broken archive, explained.
#[derive(Serialize)]
struct BrokenRow {
    id: i64,
    archive: String,
    hcode: Option<String>,
    unit: Option<String>,
    received_at: String,
    problems: Vec<ProblemLine>,
}

/// `/`
pub fn today(request: &Request) -> Result<Reply, Problem> {
    let (store, lang) = (request.store()?, request.lang());
    let now = request.app.clock.now();
    let day = now.date_naive();
    let of_today = SubmissionFilter {
        from: Some(day.to_string()),
        to: Some(day.to_string()),
        units: request.scope(),
        ..SubmissionFilter::default()
    };
    let found = store.submissions(&of_today, request.page(), SHOWN)?;
    let totals = store.overview_of_day(&day.to_string(), &request.scope())?;
    let count = |status: &str| totals.submissions.get(status).copied().unwrap_or(0);
    let counts = json!({
        "all": totals.submissions.values().sum::<u64>(),
        "accepted": count("accepted"), "partial": count("partial"), "broken": count("broken"),
        "rows": totals,
    });
    let pager = Pager::new(request, SHOWN, found.total, "#submissions");
    let list: Vec<SubmissionItem> =
        found.rows.into_iter().map(|line| item(request, lang, line)).collect();
    let (broken, broken_total) =
        broken(request, lang, (day - Duration::days(BROKEN_DAYS - 1)).to_string())?;
    let live = request.text("live") != Some("off") && request.page() == 1;
    let units_held =
        status::held(request).map(|held| if lang == Lang::Th { &held.th } else { &held.en });
    let own = json!({
        "units_held": units_held,
        "now": now.to_rfc3339(), "inbox": inbox(request), "today": counts,
        "list": list, "pager": pager, "broken": broken, "broken_total": broken_total,
        "forward": super::forward::overview(request)?,
        "live": live, "renew": request.environment.config.http.renew.0.as_secs().max(1),
    });
    page::render(&Frame::new(request), "today.html", own)
}

fn item(request: &Request, lang: Lang, line: SubmissionLine) -> SubmissionItem {
    let standard: Option<Standard> = line.standard.as_deref().and_then(|name| name.parse().ok());
    let mut codes = line.problems.clone();
    codes.dedup();
    let why = codes
        .into_iter()
        .map(|code| {
            let (text, _) =
                spoken(lang, Texts::find(&request.environment.catalog, &code, standard));
            ProblemReason { code, text }
        })
        .collect();
    SubmissionItem { unit: unit_name(request, line.hcode.as_deref()), why, line }
}

/// Broken archives since a day, newest first, and how many there are.
fn broken(request: &Request, lang: Lang, from: String) -> Result<(Vec<BrokenRow>, u64), Problem> {
    let filter = SubmissionFilter {
        status: Some("broken".to_owned()),
        from: Some(from),
        units: request.scope(),
        ..SubmissionFilter::default()
    };
    let found = request.store()?.submissions(&filter, 1, BROKEN_SHOWN)?;
    let mut list = Vec::new();
    for line in found.rows {
        let Some(s) = request.store()?.submission_summary(line.id, &request.environment.catalog)?
        else {
            continue;
        };
        list.push(BrokenRow {
            id: line.id,
            archive: s.archive,
            unit: unit_name(request, s.hcode.as_deref()),
            hcode: s.hcode,
            received_at: s.received_at,
            problems: problems(lang, s.problems),
        });
    }
    Ok((list, found.total))
}

/// An archive that waits or is being loaded, with the name of its unit.
#[derive(Serialize)]
pub struct WithUnitName<T> {
    #[serde(flatten)]
    pub own: T,
    pub unit: Option<String>,
}

/// A file that cannot be taken, in one language.
#[derive(Serialize)]
struct BlockedRow {
    path: String,
    owner: String,
    mode: String,
    unit: Option<String>,
    text: String,
}

/// The inbox with the names of units, and its state in one word.
fn inbox(request: &Request) -> Value {
    let (inbox, lang) = (status::inbox(request), request.lang());
    let state = match (&inbox.trouble, &inbox.loading, inbox.waiting.is_empty()) {
        (Some(_), _, _) => "trouble",
        (None, Some(_), _) => "loading",
        (None, None, false) => "waiting",
        (None, None, true) => "empty",
    };
    let blocked: Vec<_> = inbox
        .blocked
        .into_iter()
        .map(|one| BlockedRow {
            unit: unit_name(request, one.hcode.as_deref()),
            text: if lang == Lang::Th { one.th } else { one.en },
            path: one.path,
            owner: one.owner,
            mode: one.mode,
        })
        .collect();
    let waiting: Vec<_> = inbox
        .waiting
        .into_iter()
        .map(|own| WithUnitName { unit: unit_name(request, own.hcode.as_deref()), own })
        .collect();
    let loading = inbox
        .loading
        .map(|own| WithUnitName { unit: unit_name(request, own.hcode.as_deref()), own });
    json!({
        "state": state, "waiting": waiting, "loading": loading, "ignored": inbox.ignored,
        "trouble": inbox.trouble, "last_scan": inbox.last_scan, "blocked": blocked,
        "waiting_total": inbox.waiting_total, "blocked_total": inbox.blocked_total,
    })
}
