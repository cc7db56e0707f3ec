//! `/units/{hcode}`: what one unit sent in a round, what was wrong with it line
//! by line, and how to mend it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::submission::{anchor, groups};
use super::{Pager, audit, rep, score, unit_name};
use crate::catalog::{Severity, is_duplicate};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::{
    CODE, FINDING_STATE, LANG, OF_FILE, PAGE, SENT, SEVERITY, UNIT_ROUND,
};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::submissions::filter;
use crate::report::{csv, findings};
use crate::score::rulebook::Rulebooks;
use crate::store::{
    Action, FindingScope, FindingState, Mended, SubmissionFilter, Told, UnitFinding,
};
use crate::units::Unit;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.unit_page",
            params: &[UNIT_ROUND, CODE, SEVERITY, OF_FILE, FINDING_STATE, PAGE, SENT, LANG],
            problems: &[problem::NO_UNIT],
            ..Endpoint::page("unit_page", "/units/{hcode}")
        },
        view: unit,
    },
    Route {
        endpoint: Endpoint {
            personal: true,
            about: "route.unit_findings",
            params: &[UNIT_ROUND, CODE, SEVERITY, OF_FILE, FINDING_STATE],
            content: &[CSV],
            problems: &[problem::NO_UNIT],
            ..Endpoint::api("unit_findings", "/units/{hcode}/findings.csv")
        },
        view: unit_findings,
    },
];

/// Lines on one page.
const LINES_SHOWN: u64 = 50;

/// Submissions on one page.
const SENT_SHOWN: u64 = 10;

/// Findings read from the store at a time for a download.
const BATCH: u64 = 5_000;

/// Columns of the download, before those of a finding.
const BEFORE: [&str; 3] = ["submission", "archive", "received_at"];

/// The unit in the path, if the viewer may see it. The read is logged.
fn asked<'c>(request: &'c Request) -> Result<&'c Unit, Problem> {
    let hcode = request.in_path("hcode").to_ascii_uppercase();
    let unit = request.environment.units.by_code.get(&hcode).ok_or_else(|| {
        let hcode: String = hcode.chars().take(40).collect();
        Problem::new(problem::NO_UNIT, format!("no unit {hcode}"))
    })?;
    if !request.viewer.may_see(&request.environment, &unit.hcode) {
        return Err(Problem::new(problem::NOT_ALLOWED, "not a unit of yours"));
    }
    request.log(Action::Read, Some(&unit.hcode), None, "")?;
    Ok(unit)
}

/// The round asked for, and all rounds to choose from. By default it is the
/// latest one begun in which the unit sent something and that has a rulebook,
/// so that quality and points are there; without such a one the latest begun.
fn rounds(request: &Request, unit: &Unit) -> Result<(i32, Vec<i32>), Problem> {
    let mut rounds = request.store()?.rounds_of_unit(&unit.hcode)?;
    let books = Rulebooks::open(&request.app.data);
    let present = books.round_of(request.app.clock.now().date_naive());
    let ruled = books.rounds();
    // A name with a future date would give a future round, which nobody looks
    // for.
    let begun = || rounds.iter().filter(|round| **round <= present);
    let judged = begun().find(|round| ruled.contains_key(round));
    let latest = judged.or(begun().next()).or(rounds.first()).copied().unwrap_or(present);
    let round = request.text("round").and_then(|round| round.parse().ok()).unwrap_or(latest);
    if !rounds.contains(&round) {
        rounds.insert(0, round);
    }
    Ok((round, rounds))
}

/// What is asked of a unit: rows that it has to send again, warnings, and
/// duplicates, of which nothing is to be done.
const ASKED: [&str; 3] = ["error", "warning", "duplicate"];

/// What was said about rows, without what has been mended, by what is asked.
fn asked_for(
    totals: BTreeMap<Told, u64>,
    mended: &Mended,
) -> BTreeMap<&'static str, Vec<(Told, u64)>> {
    let mut asked: BTreeMap<&str, Vec<(Told, u64)>> = BTreeMap::new();
    for (told, times) in totals {
        let done = mended.times.get(&told).copied().unwrap_or(0);
        let of = match told.severity {
            _ if is_duplicate(&told.code) => ASKED[2],
            Severity::Warning | Severity::Note => ASKED[1],
            _ => ASKED[0],
        };
        if times > done {
            asked.entry(of).or_default().push((told, times - done));
        }
    }
    asked
}

/// Codes of archives and members, which reject all their rows and mean the same
/// in both standards.
fn of_archives(problems: BTreeMap<String, u64>) -> impl Iterator<Item = (Told, u64)> {
    let told = |code| Told { code, standard: None, severity: Severity::Error };
    problems.into_iter().map(move |(code, times)| (told(code), times))
}

/// A finding as it is shown.
#[derive(Serialize)]
struct FindingRow {
    submission: i64,
    received_at: String,
    anchor: String,
    #[serde(flatten)]
    finding: crate::submission::FindingLine,
}

/// `/units/{hcode}`
pub fn unit(request: &Request) -> Result<Reply, Problem> {
    let (store, lang, unit) = (request.store()?, request.lang(), asked(request)?);
    let (round, rounds) = rounds(request, unit)?;
    let catalog = &request.environment.catalog;
    let scope = FindingScope::Unit { hcode: &unit.hcode, round };
    let (totals, mended) =
        (store.totals_of_unit(&unit.hcode, round, catalog)?, store.mended(scope, catalog)?);
    let mut wanted = filter(request, scope);
    wanted.state.get_or_insert(FindingState::Standing);
    let any = totals.findings.keys().next().is_some();
    let asked = asked_for(totals.findings, &mended);
    // What is to be mended comes first, and duplicates only when asked for.
    let first = ASKED.into_iter().find(|of| asked.contains_key(of));
    if wanted.code.is_none() && request.text("state").is_none() {
        wanted.severity = wanted.severity.or(first);
    }
    let found = store.found(wanted, &mended, (request.page(), LINES_SHOWN), catalog)?;
    let sums = ASKED.map(|of| {
        let times: u64 = asked.get(of).into_iter().flatten().map(|(_, times)| times).sum();
        json!({ "severity": of, "times": times })
    });
    let lines: Vec<FindingRow> = found
        .rows
        .into_iter()
        .map(|line| FindingRow {
            submission: line.submission,
            received_at: line.received_at,
            anchor: anchor(&line.finding.code, line.finding.severity, line.standard),
            finding: request.viewer.redact_finding(line.finding),
        })
        .collect();
    let filter =
        SubmissionFilter { hcode: Some(unit.hcode.clone()), ..SubmissionFilter::default() };
    let sent_page = request.number("sent").unwrap_or(1);
    let sent = store.submissions(&filter, sent_page, SENT_SHOWN)?;
    let last = store.submissions(&filter, 1, 1)?.rows.pop();
    let own = json!({
        "rep": rep::of_unit(request, &unit.hcode, round)?,
        "cases": audit::case::of_unit(request, &unit.hcode)?,
        "score": score::of_unit(request, round, &unit.hcode)?,
        "unit": unit, "cup": unit_name(request, Some(&unit.cup)), "last": last,
        "round": round, "rounds": rounds, "cut": totals.cut,
        "code": wanted.code, "severity": wanted.severity, "file": wanted.file,
        "state": request.text("state"), "files": totals.files, "sums": sums, "any": any,
        "left": totals.rejected.saturating_sub(mended.rows), "mended": mended.rows,
        "rejected": totals.rejected,
        "problems": groups(request, lang, of_archives(totals.problems)),
        "findings": ASKED.map(|of| groups(request, lang, asked.get(of).cloned().unwrap_or_default())),
        "lines": lines, "pager": Pager::new(request, LINES_SHOWN, found.total, "#lines"),
        "sent": sent.rows, "sent_total": sent.total,
        "sent_pager": Pager::for_param(request, "sent", sent_page, SENT_SHOWN, sent.total, "#sent"),
    });
    page::render(&Frame::new(request), "unit.html", own)
}

/// `/units/{hcode}/findings.csv`: all lines that are kept, for a spreadsheet.
pub fn unit_findings(request: &Request) -> Result<Reply, Problem> {
    let unit = asked(request)?;
    let (round, _) = rounds(request, unit)?;
    let (store, catalog) = (request.store()?, &request.environment.catalog);
    let scope = FindingScope::Unit { hcode: &unit.hcode, round };
    let of = filter(request, scope);
    let mended = if of.state.is_some() { store.mended(scope, catalog)? } else { Mended::default() };
    let (mut kept, mut page) = (Vec::new(), 1);
    loop {
        let found = store.found(of, &mended, (page, BATCH), catalog)?;
        kept.extend(found.rows.into_iter().map(|line| UnitFinding {
            finding: request.viewer.redact_finding(line.finding),
            ..line
        }));
        if page * BATCH >= found.total {
            break;
        }
        page += 1;
    }
    let header: Vec<&str> = BEFORE.into_iter().chain(findings::HEADER).collect();
    let rows = kept.iter().map(|line| {
        let before = [
            Cow::from(line.submission.to_string()),
            Cow::from(&line.archive),
            Cow::from(&line.received_at),
        ];
        before.into_iter().chain(findings::row(&line.finding))
    });
    let name = format!("khlang-{}-{round}-findings.csv", unit.hcode);
    Ok(Reply::new(CSV, csv::table(&header, rows)).download(&name))
}
