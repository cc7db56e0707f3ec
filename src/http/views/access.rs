//! The access log: who read what, and who changed what.

use crate::http::endpoint::{Endpoint, PROVINCE};
use crate::http::params::common::{PAGE, PER_PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::{AccessLine, ListPage};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        access: PROVINCE,
        about: "route.access_log",
        params: &[
            Param { name: "from", kind: ParamType::Day, about: "On this day or later." },
            Param { name: "to", kind: ParamType::Day, about: "On this day or earlier." },
            PAGE,
            PER_PAGE,
        ],
        schema: Some(ReplySchema::from_type::<ListPage<AccessLine>>()),
        asks_store: false,
        ..Endpoint::api("access_log", "/api/v1/access")
    },
    view: log,
}];

/// `/api/v1/access`
pub fn log(request: &Request) -> Result<Reply, Problem> {
    let (from, to) = (request.text("from"), request.text("to"));
    request.page_of(&request.app.authenticator.logged(
        from,
        to,
        request.page(),
        request.per_page(),
    )?)
}
