//! `/`: what came in today, what was broken, what the inbox is doing.

use chrono::Duration;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Pager, ProblemLine, problems, spoken, unit_name};
use crate::archive::Standard;
use crate::http::call::Call;
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::views::status;
use crate::store::{SubmissionFilter, SubmissionLine};
use crate::submission::Texts;

/// Submissions of today on one page.
const SHOWN: u64 = 50;

/// Broken archives that are explained.
const BROKEN_SHOWN: u64 = 20;

/// Broken archives are shown for so many days: one that came in at night must
/// be seen in the morning.
const BROKEN_DAYS: i64 = 7;

#[derive(Serialize)]
struct Why {
    code: String,
    text: String,
}

/// A submission in today's list.
#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    line: SubmissionLine,
    unit: Option<String>,
    why: Vec<Why>,
}

/// A broken archive, explained.
#[derive(Serialize)]
struct Broken {
    id: i64,
    archive: String,
    hcode: Option<String>,
    unit: Option<String>,
    received_at: String,
    problems: Vec<ProblemLine>,
}

/// `/`
pub fn today(call: &Call) -> Result<Reply, Problem> {
    let (store, lang) = (call.store()?, call.lang());
    let now = call.shared.clock.now();
    let day = now.date_naive();
    let of_today = SubmissionFilter {
        from: Some(day.to_string()),
        to: Some(day.to_string()),
        units: call.scope(),
        ..SubmissionFilter::default()
    };
    let found = store.submissions(&of_today, call.page(), SHOWN)?;
    let totals = store.overview_of_day(&day.to_string(), &call.scope())?;
    let count = |status: &str| totals.submissions.get(status).copied().unwrap_or(0);
    let counts = json!({
        "all": totals.submissions.values().sum::<u64>(),
        "accepted": count("accepted"), "partial": count("partial"), "broken": count("broken"),
        "rows": totals,
    });
    let pager = Pager::new(call, SHOWN, found.total, "#submissions");
    let list: Vec<Item> = found.rows.into_iter().map(|line| item(call, lang, line)).collect();
    let (broken, broken_total) =
        broken(call, lang, (day - Duration::days(BROKEN_DAYS - 1)).to_string())?;
    let live = call.text("live") != Some("off") && call.page() == 1;
    let units_held =
        status::held(call).map(|held| if lang == Lang::Th { &held.th } else { &held.en });
    let own = json!({
        "units_held": units_held,
        "now": now.to_rfc3339(), "inbox": inbox(call), "today": counts,
        "list": list, "pager": pager, "broken": broken, "broken_total": broken_total,
        "live": live, "renew": call.world.config.http.renew.0.as_secs().max(1),
    });
    page::render(&Frame::of(call), "today.html", own)
}

fn item(call: &Call, lang: Lang, line: SubmissionLine) -> Item {
    let standard: Option<Standard> = line.standard.as_deref().and_then(|name| name.parse().ok());
    let mut codes = line.problems.clone();
    codes.dedup();
    let why = codes
        .into_iter()
        .map(|code| {
            let (text, _) = spoken(lang, Texts::find(&call.world.catalog, &code, standard));
            Why { code, text }
        })
        .collect();
    Item { unit: unit_name(call, line.hcode.as_deref()), why, line }
}

/// Broken archives since a day, newest first, and how many there are.
fn broken(call: &Call, lang: Lang, from: String) -> Result<(Vec<Broken>, u64), Problem> {
    let filter = SubmissionFilter {
        status: Some("broken".to_owned()),
        from: Some(from),
        units: call.scope(),
        ..SubmissionFilter::default()
    };
    let found = call.store()?.submissions(&filter, 1, BROKEN_SHOWN)?;
    let mut list = Vec::new();
    for line in found.rows {
        let Some(s) = call.store()?.submission_summary(line.id, &call.world.catalog)? else {
            continue;
        };
        list.push(Broken {
            id: line.id,
            archive: s.archive,
            unit: unit_name(call, s.hcode.as_deref()),
            hcode: s.hcode,
            received_at: s.received_at,
            problems: problems(lang, s.problems),
        });
    }
    Ok((list, found.total))
}

/// What waits or is being loaded, with the name of its unit.
#[derive(Serialize)]
pub struct Named<T> {
    #[serde(flatten)]
    pub own: T,
    pub unit: Option<String>,
}

/// A file that cannot be taken, in one language.
#[derive(Serialize)]
struct BlockedLine {
    path: String,
    owner: String,
    mode: String,
    unit: Option<String>,
    text: String,
}

/// The inbox with the names of units, and its state in one word.
fn inbox(call: &Call) -> Value {
    let (inbox, lang) = (status::inbox(call), call.lang());
    let state = match (&inbox.trouble, &inbox.loading, inbox.waiting.is_empty()) {
        (Some(_), _, _) => "trouble",
        (None, Some(_), _) => "loading",
        (None, None, false) => "waiting",
        (None, None, true) => "empty",
    };
    let blocked: Vec<_> = inbox
        .blocked
        .into_iter()
        .map(|one| BlockedLine {
            unit: unit_name(call, one.hcode.as_deref()),
            text: if lang == Lang::Th { one.th } else { one.en },
            path: one.path,
            owner: one.owner,
            mode: one.mode,
        })
        .collect();
    let waiting: Vec<_> = inbox
        .waiting
        .into_iter()
        .map(|own| Named { unit: unit_name(call, own.hcode.as_deref()), own })
        .collect();
    let loading =
        inbox.loading.map(|own| Named { unit: unit_name(call, own.hcode.as_deref()), own });
    json!({
        "state": state, "waiting": waiting, "loading": loading, "ignored": inbox.ignored,
        "trouble": inbox.trouble, "last_scan": inbox.last_scan, "blocked": blocked,
        "waiting_total": inbox.waiting_total, "blocked_total": inbox.blocked_total,
    })
}
