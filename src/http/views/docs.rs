//! The API explained, and the parts of pages that are the same for all.

use serde::Serialize;
use serde_json::json;

use crate::http::call::Call;
use crate::http::openapi;
use crate::http::page::{self, Frame, Lang};
use crate::http::problem::{KINDS, Problem};
use crate::http::reply::{CSS, JS, Reply};
use crate::http::routes::ROUTES;

/// `/api/v1/openapi.json`
pub fn openapi(call: &Call) -> Result<Reply, Problem> {
    Reply::json(&openapi::document(call.most_rows()))
}

/// `/assets/khlang.css`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn style(_: &Call) -> Result<Reply, Problem> {
    Ok(Reply::asset(CSS, page::STYLE))
}

/// `/assets/khlang.js`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn script(_: &Call) -> Result<Reply, Problem> {
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
pub fn page(call: &Call) -> Result<Reply, Problem> {
    let lang = call.lang();
    let routes: Vec<_> = ROUTES
        .iter()
        .map(|route| RouteLine {
            path: route.path,
            about: if lang == Lang::Th { route.about_th } else { route.about },
            params: route.params.iter().map(|param| (param.name, param.about)).collect(),
            content: route
                .content
                .iter()
                .map(|kind| kind.split(';').next().unwrap_or(kind))
                .collect::<Vec<_>>()
                .join(", "),
        })
        .collect();
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|kind| KindLine {
            status: kind.status,
            code: kind.code,
            title: if lang == Lang::Th { kind.title_th } else { kind.title },
        })
        .collect();
    page::render(&Frame::of(call), "api.html", json!({"routes": routes, "kinds": kinds}))
}
