//! `/exports`: what was exported, to download, and when the next is due.

use serde::Serialize;
use serde_json::json;

use crate::export::{self, Made};
use crate::http::call::Call;
use crate::http::page::{self, Frame};
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::schedule::{Past, Schedule};

/// Folders shown of an export; the others are on disk.
const SHOWN: usize = 6;

/// An export of the configuration.
#[derive(Serialize)]
struct Line {
    name: String,
    period: String,
    /// The next time it is due.
    next: Option<String>,
    made: Vec<Folder>,
    more: usize,
}

/// One that was made.
#[derive(Serialize)]
struct Folder {
    name: String,
    made_at: String,
    as_of: i64,
    periods: Vec<String>,
    not_computable: usize,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: String,
    bytes: u64,
}

/// `/exports`
pub fn exports(call: &Call) -> Result<Reply, Problem> {
    let lines: Result<Vec<Line>, Problem> =
        call.world.config.export.iter().map(|export| line(call, export)).collect();
    page::render(&Frame::of(call), "exports.html", json!({ "exports": lines? }))
}

fn line(call: &Call, export: &crate::config::Export) -> Result<Line, Problem> {
    let data = &call.shared.data;
    let trouble = |error: export::ExportError| {
        log::error!("listing exports: {error}");
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    };
    let made = export::list(data, &export.name).map_err(trouble)?;
    let now = call.shared.clock.now();
    let past = export::known_past(data, &export.name, &export.schedule).map_err(trouble)?;
    let past = past.map_or(Past { since: now, done: None }, |state| Past {
        since: state.since,
        done: state.done,
    });
    let schedule = export.schedule.parse::<Schedule>().ok();
    Ok(Line {
        name: export.name.clone(),
        period: export.period.clone(),
        next: schedule.and_then(|s| s.upcoming(past)).map(|next| next.to_rfc3339()),
        more: made.len().saturating_sub(SHOWN),
        made: made.into_iter().rev().take(SHOWN).map(folder).collect(),
    })
}

fn folder(made: Made) -> Folder {
    let name = made.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let manifest = made.manifest;
    Folder {
        name,
        made_at: manifest.made_at.to_rfc3339(),
        as_of: manifest.as_of_submission,
        periods: manifest.periods,
        not_computable: manifest.not_computable.len(),
        files: manifest
            .files
            .into_iter()
            .map(|file| File { name: file.name, bytes: file.bytes })
            .collect(),
    }
}
