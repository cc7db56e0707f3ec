//! `/exports`: what was exported, to download, and when the next is due.

use serde::Serialize;
use serde_json::json;

use crate::export;
use crate::http::endpoint::{Endpoint, PROVINCE};
use crate::http::page::{self, Frame};
use crate::http::params::common::LANG;
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::exports::{self, ExportLine};
use crate::schedule::{Past, Schedule};

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        access: PROVINCE,
        about: "route.exports_page",
        params: &[LANG],
        asks_store: false,
        menu: Some("exports"),
        ..Endpoint::page("exports_page", "/exports")
    },
    view: exports,
}];

/// Folders shown of an export; the others are on disk.
const SHOWN: usize = 6;

/// An export with those of it that were made, the newest first.
#[derive(Serialize)]
struct ExportRow {
    name: String,
    /// The next time it is due.
    next: Option<String>,
    made: Vec<ExportLine>,
    more: usize,
}

/// `/exports`
pub fn exports(request: &Request) -> Result<Reply, Problem> {
    let (all, configured) = (exports::all(request)?, &request.environment.config.export);
    let mut lines: Vec<ExportRow> =
        configured.iter().map(|export| line(request, export, &all)).collect();
    for made in &all {
        if !lines.iter().any(|line| line.name == made.name) {
            lines.push(finished(&made.name, &all));
        }
    }
    page::render(&Frame::new(request), "exports.html", json!({ "exports": lines }))
}

fn line(request: &Request, export: &crate::config::Export, all: &[ExportLine]) -> ExportRow {
    let now = request.app.clock.now();
    let past = export::known_past(&request.app.data, &export.name, &export.schedule);
    let past = past.ok().flatten().map_or(Past { since: now, done: None }, |state| Past {
        since: state.since,
        done: state.done,
    });
    let schedule = export.schedule.parse::<Schedule>().ok();
    let next = schedule.and_then(|schedule| schedule.upcoming(past)).map(|next| next.to_rfc3339());
    ExportRow { next, ..finished(&export.name, all) }
}

/// What there is of an export, also of one that is no longer configured.
fn finished(name: &str, all: &[ExportLine]) -> ExportRow {
    let made: Vec<&ExportLine> = all.iter().filter(|line| line.name == name).collect();
    ExportRow {
        name: name.to_owned(),
        next: None,
        more: made.len().saturating_sub(SHOWN),
        made: made.into_iter().take(SHOWN).cloned().collect(),
    }
}
