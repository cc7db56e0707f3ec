//! `/submissions/{id}`: one archive, what was wrong with it, and how to mend it.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::json;

use super::{Pager, audit, problems, rep, spoken, unit_name};
use crate::archive::Standard;
use crate::catalog::Severity;
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame, Lang};
use crate::http::params::common::{LANG, PAGE};
use crate::http::problem;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::submissions;
use crate::store::Told;
use crate::submission::{Counts, FindingLine, Texts};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        personal: true,
        about: "route.submission_page",
        params: &[PAGE, LANG],
        problems: &[problem::NO_SUBMISSION],
        ..Endpoint::page("submission_page", "/submissions/{id}")
    },
    view: submission,
}];

/// Findings on one page.
const LINES_SHOWN: u64 = 100;

/// How often a code was given.
#[derive(Serialize)]
struct CodeLine {
    code: String,
    /// Anchor that lines with this code link to.
    anchor: String,
    count: u64,
}

/// Codes with the same text for different files.
#[derive(Serialize)]
pub(super) struct FindingGroup {
    severity: &'static str,
    text: String,
    fix: String,
    count: u64,
    codes: Vec<CodeLine>,
}

/// Anchor of a code on the page.
pub(super) fn anchor(code: &str, severity: Severity, standard: Option<Standard>) -> String {
    let standard = standard.map_or("", Standard::as_str);
    format!("code-{code}-{}-{standard}", severity.as_str())
}

/// Findings grouped by text: errors first, the most frequent first.
pub(super) fn groups(
    request: &Request,
    lang: Lang,
    totals: impl IntoIterator<Item = (Told, u64)>,
) -> Vec<FindingGroup> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    for (Told { code, standard, severity }, count) in totals {
        let (text, fix) = spoken(lang, Texts::find(&request.environment.catalog, &code, standard));
        let anchor = anchor(&code, severity, standard);
        let (line, severity) = (CodeLine { code, anchor, count }, severity.as_str());
        let same = |g: &&mut FindingGroup| g.severity == severity && g.text == text && g.fix == fix;
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += line.count;
            group.codes.push(line);
        } else {
            groups.push(FindingGroup { severity, text, fix, count: line.count, codes: vec![line] });
        }
    }
    groups.sort_by_key(|group| (group.severity != "error", Reverse(group.count)));
    groups
}

/// A finding with the anchor of its code.
#[derive(Serialize)]
struct Anchored {
    anchor: String,
    #[serde(flatten)]
    finding: FindingLine,
}

/// `/submissions/{id}`: one archive, what was wrong with it, and how to mend it.
pub fn submission(request: &Request) -> Result<Reply, Problem> {
    let (store, lang, id) = (request.store()?, request.lang(), submissions::own(request)?);
    let catalog = &request.environment.catalog;
    let found = store.submission_summary(id, catalog)?;
    let s = found.ok_or_else(|| request.no_submission())?;
    let page = store.findings(id, request.page(), LINES_SHOWN, catalog)?;
    let page = page.ok_or_else(|| request.no_submission())?;
    let lines: Vec<Anchored> = page
        .rows
        .into_iter()
        .map(|finding| Anchored {
            anchor: anchor(&finding.code, finding.severity, s.standard),
            finding: request.viewer.redact_finding(finding),
        })
        .collect();
    let mut total = Counts::default();
    s.files.iter().for_each(|file| total.add(&file.counts));
    let totals = s.severities.iter().map(|((code, severity), times)| {
        let (code, standard, severity) = (code.clone(), s.standard, *severity);
        (Told { code, standard, severity }, *times)
    });
    let codes = groups(request, lang, totals);
    let pager = Pager::new(request, LINES_SHOWN, page.total, "#lines-title");
    let unit = unit_name(request, s.hcode.as_deref());
    let standard = s.standard.map(Standard::as_str);
    let rep = rep::of_submission(request, id, s.standard)?;
    let (status, said, notes) =
        (s.status.as_str(), problems(lang, s.problems), problems(lang, s.notes));
    let own = json!({
        "s": {
            "id": id, "unit": unit, "standard": standard, "status": status, "notes": notes,
            "problems": said, "archive": s.archive, "hcode": s.hcode, "bytes": s.bytes,
            "sha256": s.sha256, "sent_at": s.sent_at, "received_at": s.received_at,
            "round": s.round, "files": s.files, "findings_cut": s.findings_cut, "void": s.void,
            "freed": s.freed,
        },
        "rep": rep, "cases": audit::case::of_submission(request, id, s.hcode.as_deref())?, "total": total, "codes": codes, "lines": lines, "pager": pager,
    });
    page::render(&Frame::new(request), "submission.html", own)
}
