//! All that waits in the inbox, however much that is.

use crate::app::WaitingArchive;
use crate::http::endpoint::Endpoint;
use crate::http::params::common::{PAGE, PER_PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::ListPage;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.inbox",
        params: &[
            Param { name: "hcode", kind: ParamType::Hcode, about: "Only of this unit." },
            PAGE,
            PER_PAGE,
        ],
        schema: Some(ReplySchema::from_type::<ListPage<WaitingArchive>>()),
        problems: &[problem::NO_UNIT],
        ..Endpoint::api("inbox", "/api/v1/inbox")
    },
    view: list,
}];

/// `/api/v1/inbox`
pub fn list(request: &Request) -> Result<Reply, Problem> {
    request.page_of(&page(request, request.per_page())?)
}

/// The page asked for of what waits and may be seen: by unit, and of a unit in
/// the order in which it will be taken. What no unit has sent is the
/// province's and comes first.
pub fn page(request: &Request, per_page: u64) -> Result<ListPage<WaitingArchive>, Problem> {
    let (asked, scope, page) = (request.own_unit("hcode")?, request.scope(), request.page());
    let seen = |hcode: &Option<String>| match hcode {
        Some(hcode) => {
            asked.as_ref().is_none_or(|asked| asked == hcode)
                && scope.as_ref().is_none_or(|units| units.contains(hcode))
        }
        None => asked.is_none() && scope.is_none(),
    };
    let mut before = (page - 1).saturating_mul(per_page) as usize;
    let (mut rows, mut total) = (Vec::new(), 0);
    let board = request.app.inbox();
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
