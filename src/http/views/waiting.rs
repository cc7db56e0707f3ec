//! All that waits in the inbox, however much that is.

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::shared::Waiting;
use crate::store::ListPage;

/// `/api/v1/inbox`
pub fn list(call: &Call) -> Result<Reply, Problem> {
    call.page_of(&page(call, call.per_page())?)
}

/// The page asked for of what waits and may be seen: by unit, and of a unit in
/// the order in which it will be taken. What no unit has sent is the
/// province's and comes first.
pub fn page(call: &Call, per_page: u64) -> Result<ListPage<Waiting>, Problem> {
    let (asked, scope, page) = (call.own_unit("hcode")?, call.scope(), call.page());
    let seen = |hcode: &Option<String>| match hcode {
        Some(hcode) => {
            asked.as_ref().is_none_or(|asked| asked == hcode)
                && scope.as_ref().is_none_or(|units| units.contains(hcode))
        }
        None => asked.is_none() && scope.is_none(),
    };
    let mut before = (page - 1).saturating_mul(per_page) as usize;
    let (mut rows, mut total) = (Vec::new(), 0);
    let board = call.shared.inbox();
    for (_, queue) in board.queues.iter().filter(|(hcode, _)| seen(hcode)) {
        total += queue.len();
        // Whole queues are passed over without a look at what is in them.
        let skipped = before.min(queue.len());
        before -= skipped;
        let missing = per_page as usize - rows.len();
        if skipped < queue.len() {
            rows.extend(queue.values().skip(skipped).take(missing).cloned());
        }
    }
    Ok(ListPage { rows, total: total as u64, page, per_page })
}
