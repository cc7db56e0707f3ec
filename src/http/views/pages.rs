//! The pages for people: today, and one submission.

use std::cmp::Reverse;

use chrono::Duration;
use serde::Serialize;
use serde_json::{Value, json};

use crate::archive::Standard;
use crate::http::call::Call;
use crate::http::page::{self, Lang};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::store::{SubmissionFilter, SubmissionLine};
use crate::submission::{Counts, FindingLine, Problem as Said, Submission, Texts};

/// Submissions of today on one page.
const SHOWN: u64 = 50;

/// Broken archives that are explained.
const BROKEN_SHOWN: u64 = 20;

/// Broken archives are shown for so many days: one that came in at night must
/// be seen in the morning.
const BROKEN_DAYS: i64 = 7;

/// Findings on one page.
const LINES_SHOWN: u64 = 100;

/// How often today's page renews itself, in seconds.
const RENEW: &str = "15";

/// One language of a text and how to mend what it says.
fn spoken(lang: Lang, texts: Texts) -> (String, String) {
    match lang {
        Lang::Th => (texts.th, texts.mend_th),
        Lang::En => (texts.en, texts.mend_en),
    }
}

#[derive(Serialize)]
struct Why {
    code: String,
    text: String,
}

/// A problem in one language.
#[derive(Serialize)]
struct ProblemLine {
    code: String,
    member: Option<String>,
    line: Option<u64>,
    detail: String,
    nearest: Option<String>,
    text: String,
    mend: String,
}

fn problems(lang: Lang, said: Vec<Said>) -> Vec<ProblemLine> {
    said.into_iter()
        .map(|said| {
            let (text, mend) = spoken(lang, said.texts);
            let Said { code, member, line, detail, nearest, .. } = said;
            ProblemLine { code, member, line, detail, nearest, text, mend }
        })
        .collect()
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

/// Where in a list of pages one is.
#[derive(Serialize)]
struct Pager {
    page: u64,
    last: u64,
    /// Address of a page, up to its number.
    to: String,
    anchor: &'static str,
}

impl Pager {
    fn new(path: &str, lang: Lang, page: u64, per_page: u64, total: u64) -> Self {
        let to = match lang {
            Lang::Th => format!("{path}?"),
            Lang::En => format!("{path}?lang=en&"),
        };
        Self { page, last: total.div_ceil(per_page).max(1), to, anchor: "" }
    }
}

fn unit_name(call: &Call, hcode: Option<&str>) -> Option<String> {
    call.world.units.by_code.get(hcode?).map(|unit| unit.name.clone())
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
    let pager = Pager::new("/", lang, call.page(), SHOWN, found.total);
    let list: Vec<Item> = found.rows.into_iter().map(|line| item(call, lang, line)).collect();
    let (broken, broken_total) =
        broken(call, lang, (day - Duration::days(BROKEN_DAYS - 1)).to_string())?;
    let live = call.text("live") != Some("off") && call.page() == 1;
    let live_query = match (live, lang) {
        (true, Lang::Th) => "?live=off",
        (true, Lang::En) => "?live=off&lang=en",
        (false, _) => lang.query(),
    };
    let own = json!({
        "now": now.to_rfc3339(), "path": "/", "inbox": inbox(call), "today": counts,
        "list": list, "pager": pager, "broken": broken, "broken_total": broken_total,
        "live": live, "live_query": live_query,
    });
    let mut reply = page::render("today.html", lang, own)?;
    if live {
        reply.extra.push(("Refresh", RENEW.to_owned()));
    }
    Ok(reply)
}

fn item(call: &Call, lang: Lang, line: SubmissionLine) -> Item {
    let standard: Option<Standard> = line.standard.as_deref().and_then(|name| name.parse().ok());
    let mut codes = line.problems.clone();
    codes.dedup();
    let why = codes
        .into_iter()
        .map(|code| {
            let (text, _) = spoken(lang, Texts::of(&call.world.catalog, &code, standard));
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
struct Named<T> {
    #[serde(flatten)]
    own: T,
    unit: Option<String>,
}

/// The inbox with the names of units, and its state in one word.
fn inbox(call: &Call) -> Value {
    let inbox = super::status::inbox(call);
    let state = match (&inbox.trouble, &inbox.loading, inbox.waiting.is_empty()) {
        (Some(_), _, _) => "trouble",
        (None, Some(_), _) => "loading",
        (None, None, false) => "waiting",
        (None, None, true) => "empty",
    };
    let waiting: Vec<_> = inbox
        .waiting
        .into_iter()
        .map(|own| Named { unit: unit_name(call, own.hcode.as_deref()), own })
        .collect();
    let loading =
        inbox.loading.map(|own| Named { unit: unit_name(call, own.hcode.as_deref()), own });
    json!({
        "state": state, "waiting": waiting, "loading": loading, "ignored": inbox.ignored,
        "trouble": inbox.trouble, "last_scan": inbox.last_scan,
    })
}

/// How often a code was given.
#[derive(Serialize)]
struct CodeLine {
    code: String,
    count: u64,
}

/// Codes that say the same of different files.
#[derive(Serialize)]
struct Group {
    severity: &'static str,
    text: String,
    mend: String,
    count: u64,
    codes: Vec<CodeLine>,
}

/// What was found, said once: what kept most rows out first.
fn groups(call: &Call, lang: Lang, s: &Submission) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (code, count) in &s.findings_total {
        let (text, mend) = spoken(lang, Texts::of(&call.world.catalog, code, s.standard));
        let (line, severity) =
            (CodeLine { code: code.clone(), count: *count }, severity(call, code));
        let same = |g: &&mut Group| g.severity == severity && g.text == text && g.mend == mend;
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += line.count;
            group.codes.push(line);
        } else {
            groups.push(Group { severity, text, mend, count: line.count, codes: vec![line] });
        }
    }
    groups.sort_by_key(|group| (group.severity != "error", Reverse(group.count)));
    groups
}

/// `/submissions/{id}`
pub fn submission(call: &Call) -> Result<Reply, Problem> {
    let (store, lang, id) = (call.store()?, call.lang(), super::submissions::own(call)?);
    let catalog = &call.world.catalog;
    let found = store.submission_summary(id, catalog)?;
    let s = found.ok_or_else(|| call.no_submission())?;
    let page = store.findings(id, call.page(), LINES_SHOWN, catalog)?;
    let page = page.ok_or_else(|| call.no_submission())?;
    let lines: Vec<FindingLine> =
        page.rows.into_iter().map(|finding| call.viewer.finding(finding)).collect();
    let mut total = Counts::default();
    s.files.iter().for_each(|file| total.add(&file.counts));
    let codes = groups(call, lang, &s);
    let path = format!("/submissions/{id}");
    let mut pager = Pager::new(&path, lang, call.page(), LINES_SHOWN, page.total);
    pager.anchor = "#lines-title";
    let unit = unit_name(call, s.hcode.as_deref());
    let standard = s.standard.map(Standard::as_str);
    let (status, said, notes) =
        (s.status.as_str(), problems(lang, s.problems), problems(lang, s.notes));
    let own = json!({
        "s": {
            "id": id, "unit": unit, "standard": standard, "status": status, "notes": notes,
            "problems": said, "archive": s.archive, "hcode": s.hcode, "bytes": s.bytes,
            "sha256": s.sha256, "sent_at": s.sent_at, "received_at": s.received_at,
            "round": s.round, "files": s.files, "findings_cut": s.findings_cut, "void": s.void,
        },
        "path": path, "total": total, "codes": codes, "lines": lines, "pager": pager,
    });
    page::render("submission.html", lang, own)
}

/// How bad a code is, as written.
fn severity(call: &Call, code: &str) -> &'static str {
    use crate::catalog::Severity;
    match call.world.catalog.findings.any(code).map(|text| text.severity) {
        Some(Severity::Warning) => "warning",
        Some(Severity::Note) => "note",
        _ => "error",
    }
}
