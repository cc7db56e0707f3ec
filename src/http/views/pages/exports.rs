//! `/exports`: what was exported, to download, and when the next is due.

use serde::Serialize;
use serde_json::json;

use crate::export;
use crate::http::call::Call;
use crate::http::page::{self, Frame};
use crate::http::problem::Problem;
use crate::http::reply::Reply;
use crate::http::views::exports::{self, ExportLine};
use crate::schedule::{Past, Schedule};

/// Folders shown of an export; the others are on disk.
const SHOWN: usize = 6;

/// An export with those of it that were made, the newest first.
#[derive(Serialize)]
struct Line {
    name: String,
    /// The next time it is due.
    next: Option<String>,
    made: Vec<ExportLine>,
    more: usize,
}

/// `/exports`
pub fn exports(call: &Call) -> Result<Reply, Problem> {
    let (all, configured) = (exports::all(call)?, &call.world.config.export);
    let mut lines: Vec<Line> = configured.iter().map(|export| line(call, export, &all)).collect();
    for made in &all {
        if !lines.iter().any(|line| line.name == made.name) {
            lines.push(finished(&made.name, &all));
        }
    }
    page::render(&Frame::of(call), "exports.html", json!({ "exports": lines }))
}

fn line(call: &Call, export: &crate::config::Export, all: &[ExportLine]) -> Line {
    let now = call.shared.clock.now();
    let past = export::known_past(&call.shared.data, &export.name, &export.schedule);
    let past = past.ok().flatten().map_or(Past { since: now, done: None }, |state| Past {
        since: state.since,
        done: state.done,
    });
    let schedule = export.schedule.parse::<Schedule>().ok();
    let next = schedule.and_then(|schedule| schedule.upcoming(past)).map(|next| next.to_rfc3339());
    Line { next, ..finished(&export.name, all) }
}

/// What there is of an export, also of one that is no longer configured.
fn finished(name: &str, all: &[ExportLine]) -> Line {
    let made: Vec<&ExportLine> = all.iter().filter(|line| line.name == name).collect();
    Line {
        name: name.to_owned(),
        next: None,
        more: made.len().saturating_sub(SHOWN),
        made: made.into_iter().take(SHOWN).cloned().collect(),
    }
}
