//! Who read what, and who changed what.

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::Reply;

/// `/api/v1/access`
pub fn log(call: &Call) -> Result<Reply, Problem> {
    let (from, to) = (call.text("from"), call.text("to"));
    call.page_of(&call.shared.gate.logged(from, to, call.page(), call.per_page())?)
}
