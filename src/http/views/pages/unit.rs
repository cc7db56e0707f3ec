//! `/units/{hcode}`: what one unit sent in a round, what was wrong with it, line
//! by line, and how to mend it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::submission::{anchor, groups};
use super::{Pager, score, unit_name};
use crate::catalog::Severity;
use crate::http::call::Call;
use crate::http::page::{self, Frame};
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, Reply};
use crate::report::{csv, findings};
use crate::score::rulebook::Rulebooks;
use crate::store::{Action, SubmissionFilter, Told, UnitFilter, UnitFinding};
use crate::units::Unit;

/// Lines on one page.
const LINES_SHOWN: u64 = 50;

/// Submissions on one page.
const SENT_SHOWN: u64 = 10;

/// Findings read from the store at a time for a download.
const BATCH: u64 = 5_000;

/// Columns of the download, before those of a finding.
const BEFORE: [&str; 3] = ["submission", "archive", "received_at"];

/// The unit in the path, when it may be seen; that it was looked at is logged.
fn asked<'c>(call: &'c Call) -> Result<&'c Unit, Problem> {
    let hcode = call.in_path("hcode").to_ascii_uppercase();
    let unit = call.world.units.by_code.get(&hcode).ok_or_else(|| {
        let hcode: String = hcode.chars().take(40).collect();
        Problem::new(problem::NO_UNIT, format!("no unit {hcode}"))
    })?;
    if !call.viewer.may_see(&call.world, &unit.hcode) {
        return Err(Problem::new(problem::NOT_ALLOWED, "not a unit of yours"));
    }
    call.log(Action::Read, Some(&unit.hcode), None, "")?;
    Ok(unit)
}

/// The round asked for, else the latest that has begun in which the unit sent
/// something, and all that can be asked for.
fn rounds(call: &Call, unit: &Unit) -> Result<(i32, Vec<i32>), Problem> {
    let mut rounds = call.store()?.rounds_of_unit(&unit.hcode)?;
    let present = Rulebooks::open(&call.shared.data).round_of(call.shared.clock.now().date_naive());
    // A name with a day to come says a round to come; nobody looks for that.
    let begun = rounds.iter().find(|round| **round <= present);
    let latest = begun.or(rounds.first()).copied().unwrap_or(present);
    let round = call.text("round").and_then(|round| round.parse().ok()).unwrap_or(latest);
    if !rounds.contains(&round) {
        rounds.insert(0, round);
    }
    Ok((round, rounds))
}

/// The lines asked for: of a code and severity, or all.
fn lines_of<'c>(call: &'c Call, unit: &'c Unit, round: i32) -> UnitFilter<'c> {
    let severity = call.text("severity").and_then(Severity::parse);
    UnitFilter { hcode: &unit.hcode, round, code: call.text("code"), severity }
}

/// Codes of archives and members, which keep all their rows out and mean the
/// same in both standards.
fn of_archives(problems: BTreeMap<String, u64>) -> impl Iterator<Item = (Told, u64)> {
    let told = |code| Told { code, standard: None, severity: Severity::Error };
    problems.into_iter().map(move |(code, times)| (told(code), times))
}

/// A line as it is shown.
#[derive(Serialize)]
struct Shown {
    submission: i64,
    received_at: String,
    anchor: String,
    #[serde(flatten)]
    finding: crate::submission::FindingLine,
}

/// `/units/{hcode}`
pub fn unit(call: &Call) -> Result<Reply, Problem> {
    let (store, lang, unit) = (call.store()?, call.lang(), asked(call)?);
    let (round, rounds) = rounds(call, unit)?;
    let catalog = &call.world.catalog;
    let totals = store.totals_of_unit(&unit.hcode, round, catalog)?;
    let filter = lines_of(call, unit, round);
    let (code, severity) = (filter.code, filter.severity.map(Severity::as_str));
    let found = store.findings_of_unit(filter, call.page(), LINES_SHOWN, catalog)?;
    let lines: Vec<Shown> = found
        .rows
        .into_iter()
        .map(|line| Shown {
            submission: line.submission,
            received_at: line.received_at,
            anchor: anchor(&line.finding.code, line.finding.severity, line.standard),
            finding: call.viewer.finding(line.finding),
        })
        .collect();
    let filter =
        SubmissionFilter { hcode: Some(unit.hcode.clone()), ..SubmissionFilter::default() };
    let sent_page = call.number("sent").unwrap_or(1);
    let sent = store.submissions(&filter, sent_page, SENT_SHOWN)?;
    let last = store.submissions(&filter, 1, 1)?.rows.pop();
    let own = json!({
        "score": score::of_unit(call, round, &unit.hcode)?,
        "unit": unit, "cup": unit_name(call, Some(&unit.cup)), "last": last,
        "round": round, "rounds": rounds, "code": code, "severity": severity, "cut": totals.cut,
        "problems": groups(call, lang, of_archives(totals.problems)),
        "findings": groups(call, lang, totals.findings),
        "lines": lines, "pager": Pager::new(call, LINES_SHOWN, found.total, "#lines"),
        "sent": sent.rows, "sent_total": sent.total,
        "sent_pager": Pager::of(call, "sent", sent_page, SENT_SHOWN, sent.total, "#sent"),
    });
    page::render(&Frame::of(call), "unit.html", own)
}

/// `/units/{hcode}/findings.csv`: all lines that are kept, for a spreadsheet.
pub fn unit_findings(call: &Call) -> Result<Reply, Problem> {
    let unit = asked(call)?;
    let (round, _) = rounds(call, unit)?;
    let (mut kept, mut page) = (Vec::new(), 1);
    loop {
        let of = lines_of(call, unit, round);
        let found = call.store()?.findings_of_unit(of, page, BATCH, &call.world.catalog)?;
        kept.extend(
            found
                .rows
                .into_iter()
                .map(|line| UnitFinding { finding: call.viewer.finding(line.finding), ..line }),
        );
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
