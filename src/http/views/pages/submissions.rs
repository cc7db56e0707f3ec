//! `/submissions`: what was received, of any day, unit and status.

use serde_json::json;

use super::today::item;
use super::{Pager, unit_name};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::{FROM, LANG, OF_HCODE, OF_STATUS, PAGE, TO};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::store::SubmissionFilter;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.submissions_page",
        params: &[OF_HCODE, OF_STATUS, FROM, TO, PAGE, LANG],
        problems: &[problem::NO_UNIT],
        menu: Some("submissions"),
        ..Endpoint::page("submissions_page", "/submissions")
    },
    view: submissions,
}];

/// Submissions on one page.
const SHOWN: u64 = 50;

/// `/submissions`
pub fn submissions(request: &Request) -> Result<Reply, Problem> {
    let lang = request.lang();
    let filter = SubmissionFilter {
        units: request.scope(),
        hcode: request.own_unit("hcode")?,
        status: request.owned("status"),
        from: request.owned("from"),
        to: request.owned("to"),
        ..SubmissionFilter::default()
    };
    let found = request.store()?.submissions(&filter, request.page(), SHOWN)?;
    let list: Vec<_> = found.rows.into_iter().map(|line| item(request, lang, line)).collect();
    let own = json!({
        "list": list, "total": found.total, "hcode": filter.hcode,
        "unit": unit_name(request, filter.hcode.as_deref()),
        "status": filter.status, "from": filter.from, "until": filter.to,
        "statuses": ["accepted", "partial", "broken", "void"],
        "pager": Pager::new(request, SHOWN, found.total, "#list"),
    });
    page::render(&Frame::new(request), "submissions.html", own)
}
