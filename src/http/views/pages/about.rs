//! `/about`: which version of the program this is.

use serde_json::json;

use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::LANG;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "Page: the version of the program.",
        about_th: "หน้าเว็บ: รุ่นของโปรแกรม",
        params: &[LANG],
        asks_store: false,
        ..Endpoint::page("about_page", "/about")
    },
    view: about,
}];

/// `/about`
fn about(request: &Request) -> Result<Reply, Problem> {
    page::render(&Frame::new(request), "about.html", json!({}))
}
