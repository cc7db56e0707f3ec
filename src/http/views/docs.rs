//! The `OpenAPI` document, the page that explains the API, and static assets.

use serde::Serialize;
use serde_json::json;

use crate::http::endpoint::{Access, Endpoint};
use crate::http::openapi;
use crate::http::page::{self, Frame};
use crate::http::params::common::LANG;
use crate::http::problem::{PROBLEM_KINDS, Problem};
use crate::http::reply::{CSS, JS, Reply, SVG};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::text::text;

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.docs_page",
            params: &[LANG],
            asks_store: false,
            ..Endpoint::page("docs_page", "/api")
        },
        view: page,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.style",
            content: &[CSS],
            asks_store: false,
            ..Endpoint::api("style", "/assets/khlang.css")
        },
        view: style,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.icon",
            content: &[SVG],
            asks_store: false,
            ..Endpoint::api("icon", "/favicon.ico")
        },
        view: icon,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.script",
            content: &[JS],
            asks_store: false,
            ..Endpoint::api("script", "/assets/khlang.js")
        },
        view: script,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.openapi",
            schema: Some(ReplySchema::from_type::<serde_json::Map<String, serde_json::Value>>()),
            asks_store: false,
            ..Endpoint::api("openapi", "/api/v1/openapi.json")
        },
        view: openapi,
    },
];

/// `/api/v1/openapi.json`
pub fn openapi(request: &Request) -> Result<Reply, Problem> {
    Reply::json(&openapi::document(request.api, request.most_rows()))
}

/// `/assets/khlang.css`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn style(_: &Request) -> Result<Reply, Problem> {
    Ok(Reply::asset(CSS, page::STYLE))
}

/// `/favicon.ico`: browsers ask for it by this name whatever a page says.
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn icon(_: &Request) -> Result<Reply, Problem> {
    Ok(Reply::asset(SVG, page::ICON))
}

/// `/assets/khlang.js`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn script(_: &Request) -> Result<Reply, Problem> {
    Ok(Reply::asset(JS, page::SCRIPT))
}

#[derive(Serialize)]
struct RouteLine {
    path: &'static str,
    about: &'static str,
    params: Vec<(&'static str, &'static str)>,
    content: String,
}

#[derive(Serialize)]
struct KindLine {
    status: u16,
    code: &'static str,
    title: &'static str,
}

/// `/api`
pub fn page(request: &Request) -> Result<Reply, Problem> {
    let lang = request.lang();
    let routes: Vec<_> = request
        .api
        .iter()
        .map(|endpoint| RouteLine {
            path: endpoint.path,
            about: text(endpoint.about).pick(lang),
            params: endpoint.params.iter().map(|param| (param.name, param.about)).collect(),
            content: endpoint
                .content
                .iter()
                .map(|kind| kind.split(';').next().unwrap_or(kind))
                .collect::<Vec<_>>()
                .join(", "),
        })
        .collect();
    let kinds: Vec<_> = PROBLEM_KINDS
        .iter()
        .map(|kind| KindLine {
            status: kind.status,
            code: kind.code(),
            title: kind.title().pick(lang),
        })
        .collect();
    page::render(&Frame::new(request), "api.html", json!({"routes": routes, "kinds": kinds}))
}
