//! Submissions and what was said about their rows.

use super::archives;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{CSV, Reply};
use crate::report::{csv, findings};
use crate::store::SubmissionFilter;

/// Findings read from the store at a time for a download.
const BATCH: u64 = 5_000;

/// `/api/v1/submissions`
pub fn list(call: &Call) -> Result<Reply, Problem> {
    let filter = SubmissionFilter {
        hcode: call.owned("hcode"),
        status: call.owned("status"),
        from: call.owned("from"),
        to: call.owned("to"),
    };
    Reply::json(&call.store()?.submissions(&filter, call.page(), call.per_page())?)
}

/// `/api/v1/submissions/{id}`
pub fn one(call: &Call) -> Result<Reply, Problem> {
    let id = call.id()?;
    // Asked for first: what is done in between is found in one or the other.
    let waiting = archives::not_yet(call, id);
    let found = call.store()?.submission(id, &call.world.catalog)?;
    let Some(mut submission) = found else {
        return waiting.unwrap_or_else(|| Err(call.no_submission()));
    };
    let findings = std::mem::take(&mut submission.findings);
    submission.findings = findings.into_iter().map(|f| call.viewer.finding(f)).collect();
    Reply::json(&submission)
}

/// `/api/v1/submissions/{id}/findings`
pub fn of_rows(call: &Call) -> Result<Reply, Problem> {
    let id = call.id()?;
    let catalog = &call.world.catalog;
    if call.text("format") == Some("csv") {
        return download(call, id);
    }
    let found = call.store()?.findings(id, call.page(), call.per_page(), catalog)?;
    let mut page = found.ok_or_else(|| call.no_submission())?;
    page.rows = page.rows.into_iter().map(|finding| call.viewer.finding(finding)).collect();
    Reply::json(&page)
}

/// All findings that are kept, for a spreadsheet; `limits.findings` bounds them.
fn download(call: &Call, id: i64) -> Result<Reply, Problem> {
    let catalog = &call.world.catalog;
    let (mut kept, mut page) = (Vec::new(), 1);
    loop {
        let found = call.store()?.findings(id, page, BATCH, catalog)?;
        let found = found.ok_or_else(|| call.no_submission())?;
        kept.extend(found.rows.into_iter().map(|finding| call.viewer.finding(finding)));
        if page * BATCH >= found.total {
            break;
        }
        page += 1;
    }
    let table = csv::table(&findings::HEADER, kept.iter().map(findings::row));
    Ok(Reply::new(CSV, table).download(&format!("khlang-{id}-findings.csv")))
}
