//! Submissions and what was said about their rows.

use super::archives;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{CSV, Reply};
use crate::report::{csv, findings};
use crate::store::{Action, SubmissionFilter, SubmissionSort};

/// Findings read from the store at a time for a download.
const BATCH: u64 = 5_000;

/// `/api/v1/submissions`
pub fn list(call: &Call) -> Result<Reply, Problem> {
    let sort = SubmissionSort::NAMES.iter().find(|(name, _)| call.text("sort") == Some(*name));
    let filter = SubmissionFilter {
        units: call.scope(),
        sort: sort.map_or_else(SubmissionSort::default, |(_, sort)| *sort),
        hcode: call.own_unit("hcode")?,
        status: call.owned("status"),
        from: call.owned("from"),
        to: call.owned("to"),
    };
    call.page_of(&call.store()?.submissions(&filter, call.page(), call.per_page())?)
}

/// The submission in the path, when its unit may be seen; one of somebody
/// else's is as if it were not there. That it was looked at is logged.
pub fn own(call: &Call) -> Result<i64, Problem> {
    let id = call.id()?;
    let sender = call.store()?.sender(id)?.ok_or_else(|| call.no_submission())?;
    let seen = match &sender {
        Some(hcode) => call.viewer.may_see(&call.world, hcode),
        None => call.viewer.is_province(),
    };
    if !seen {
        return Err(call.no_submission());
    }
    call.log(Action::Read, sender.as_deref(), Some(id), "")?;
    Ok(id)
}

/// `/api/v1/submissions/{id}`
pub fn one(call: &Call) -> Result<Reply, Problem> {
    // Asked for first: what is done in between is found in one or the other.
    if let Some(waiting) = archives::not_yet(call, call.id()?)? {
        return Ok(waiting);
    }
    let found = call.store()?.submission(own(call)?, &call.world.catalog)?;
    let mut submission = found.ok_or_else(|| call.no_submission())?;
    let findings = std::mem::take(&mut submission.findings);
    submission.findings = findings.into_iter().map(|f| call.viewer.finding(f)).collect();
    Reply::json(&submission)
}

/// `/api/v1/submissions/{id}/findings`
pub fn of_rows(call: &Call) -> Result<Reply, Problem> {
    let id = own(call)?;
    let catalog = &call.world.catalog;
    if call.text("format") == Some("csv") {
        return download(call, id);
    }
    let found = call.store()?.findings(id, call.page(), call.per_page(), catalog)?;
    let mut page = found.ok_or_else(|| call.no_submission())?;
    page.rows = page.rows.into_iter().map(|finding| call.viewer.finding(finding)).collect();
    call.page_of(&page)
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
