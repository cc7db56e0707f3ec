//! `/submissions/{id}`: one archive, what was wrong with it, how to mend it.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::json;

use super::{Pager, problems, spoken, unit_name};
use crate::archive::Standard;
use crate::catalog::Severity;
use crate::http::call::Call;
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::views::submissions;
use crate::store::Told;
use crate::submission::{Counts, FindingLine, Texts};

/// Findings on one page.
const LINES_SHOWN: u64 = 100;

/// How often a code was given.
#[derive(Serialize)]
struct CodeLine {
    code: String,
    /// Where lines that were told it point to.
    anchor: String,
    count: u64,
}

/// Codes that say the same of different files.
#[derive(Serialize)]
pub(super) struct Group {
    severity: &'static str,
    text: String,
    mend: String,
    count: u64,
    codes: Vec<CodeLine>,
}

/// Where the page tells of a code as rows were told it.
pub(super) fn anchor(code: &str, severity: Severity, standard: Option<Standard>) -> String {
    let standard = standard.map_or("", Standard::as_str);
    format!("code-{code}-{}-{standard}", severity.as_str())
}

/// What was found, said once: what kept most rows out first.
pub(super) fn groups(
    call: &Call,
    lang: Lang,
    totals: impl IntoIterator<Item = (Told, u64)>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (Told { code, standard, severity }, count) in totals {
        let (text, mend) = spoken(lang, Texts::find(&call.world.catalog, &code, standard));
        let anchor = anchor(&code, severity, standard);
        let (line, severity) = (CodeLine { code, anchor, count }, severity.as_str());
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

/// A line, with where the page tells of its code.
#[derive(Serialize)]
struct Anchored {
    anchor: String,
    #[serde(flatten)]
    finding: FindingLine,
}

/// `/submissions/{id}`
pub fn submission(call: &Call) -> Result<Reply, Problem> {
    let (store, lang, id) = (call.store()?, call.lang(), submissions::own(call)?);
    let catalog = &call.world.catalog;
    let found = store.submission_summary(id, catalog)?;
    let s = found.ok_or_else(|| call.no_submission())?;
    let page = store.findings(id, call.page(), LINES_SHOWN, catalog)?;
    let page = page.ok_or_else(|| call.no_submission())?;
    let lines: Vec<Anchored> = page
        .rows
        .into_iter()
        .map(|finding| Anchored {
            anchor: anchor(&finding.code, finding.severity, s.standard),
            finding: call.viewer.finding(finding),
        })
        .collect();
    let mut total = Counts::default();
    s.files.iter().for_each(|file| total.add(&file.counts));
    let totals = s.severities.iter().map(|((code, severity), times)| {
        let (code, standard, severity) = (code.clone(), s.standard, *severity);
        (Told { code, standard, severity }, *times)
    });
    let codes = groups(call, lang, totals);
    let pager = Pager::new(call, LINES_SHOWN, page.total, "#lines-title");
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
        "total": total, "codes": codes, "lines": lines, "pager": pager,
    });
    page::render(&Frame::of(call), "submission.html", own)
}
