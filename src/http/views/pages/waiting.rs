//! `/inbox`: all that waits, page by page.

use serde_json::json;

use super::today::WithUnitName;
use super::{Pager, unit_name};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::{LANG, PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::waiting;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.inbox_page",
        params: &[
            Param { name: "hcode", kind: ParamType::Hcode, about: "Only of this unit." },
            PAGE,
            LANG,
        ],
        problems: &[problem::NO_UNIT],
        ..Endpoint::page("inbox_page", "/inbox")
    },
    view: waiting,
}];

/// Archives on one page.
const SHOWN: u64 = 50;

/// `/inbox`
pub fn waiting(request: &Request) -> Result<Reply, Problem> {
    let found = waiting::page(request, SHOWN)?;
    let hcode = request.text("hcode");
    let lines: Vec<_> = found
        .rows
        .into_iter()
        .map(|own| WithUnitName { unit: unit_name(request, own.hcode.as_deref()), own })
        .collect();
    let own = json!({
        "waiting": lines, "total": found.total, "hcode": hcode, "unit": unit_name(request, hcode),
        "pager": Pager::new(request, SHOWN, found.total, "#waiting"),
    });
    page::render(&Frame::new(request), "waiting.html", own)
}
