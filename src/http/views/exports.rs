//! Exports that are finished, for download. A name in an address never
//! becomes a path: it is looked up among what is there.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use crate::export::{self, ExportFolder, FileLine};
use crate::http::call::Call;
use crate::http::problem::{self, Problem};
use crate::http::reply::{JSON, Reply};
use crate::report::Format;
use crate::store::{Action, ListPage};

/// What every export says of itself.
const MANIFEST: &str = "manifest.json";

/// A finished export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportLine {
    /// Its name.
    pub name: String,
    /// The day on which it was due, and its number on that day.
    pub stamp: String,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// The time of its schedule; none when run by hand.
    pub due: Option<DateTime<FixedOffset>>,
    /// The data are those up to this submission.
    pub as_of_submission: i64,
    /// Periods that it holds.
    pub periods: Vec<String>,
    /// Level of its indicators.
    pub level: Option<String>,
    /// The report, when it is one.
    pub report: Option<String>,
    /// Its files.
    pub files: Vec<FileLine>,
}

fn trouble(error: &export::ExportError) -> Problem {
    log::error!("exports: {error}");
    Problem::new(problem::STORAGE, "see the log of the daemon")
}

/// Names of exports of which there is a folder: also those that are no longer
/// configured.
fn names(call: &Call) -> Vec<String> {
    let entries = std::fs::read_dir(call.shared.data.join("exports")).into_iter().flatten();
    let name = |entry: std::fs::DirEntry| {
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let name = entry.file_name().into_string().ok();
        name.filter(|name| folder && !name.starts_with('.'))
    };
    let mut names: Vec<String> = entries.flatten().filter_map(name).collect();
    names.sort();
    names
}

fn made(call: &Call, name: &str) -> Result<Vec<ExportFolder>, Problem> {
    let mut all = export::list(&call.shared.data, name).map_err(|error| trouble(&error))?;
    all.retain(|made| made.manifest.export == name);
    all.reverse();
    Ok(all)
}

fn stamp(made: &ExportFolder) -> String {
    made.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Finished exports, by name, the newest first.
pub fn all(call: &Call) -> Result<Vec<ExportLine>, Problem> {
    let mut lines = Vec::new();
    for name in names(call) {
        lines.extend(made(call, &name)?.into_iter().map(|made| ExportLine {
            name: name.clone(),
            stamp: stamp(&made),
            made_at: made.manifest.made_at,
            due: made.manifest.due,
            as_of_submission: made.manifest.as_of_submission,
            periods: made.manifest.periods,
            level: made.manifest.level,
            report: made.manifest.report.map(|(name, _)| name),
            files: made.manifest.files,
        }));
    }
    Ok(lines)
}

/// `/api/v1/exports`
pub fn list(call: &Call) -> Result<Reply, Problem> {
    let mut rows = all(call)?;
    if let Some(name) = call.text("name") {
        rows.retain(|line| line.name == name);
    }
    let (total, page, per_page) = (rows.len() as u64, call.page(), call.per_page());
    let from = (page - 1).saturating_mul(per_page) as usize;
    let rows = rows.into_iter().skip(from).take(per_page as usize).collect();
    call.page_of(&ListPage { rows, total, page, per_page })
}

/// `/api/v1/exports/{name}/{stamp}/{file}`
pub fn file(call: &Call) -> Result<Reply, Problem> {
    let none = || Problem::new(problem::NO_EXPORT, "see /api/v1/exports");
    let (name, wanted) = (call.in_path("name"), call.in_path("stamp"));
    if !names(call).iter().any(|known| known == name) {
        return Err(none());
    }
    let found = made(call, name)?.into_iter().find(|made| stamp(made) == wanted);
    let found = found.ok_or_else(none)?;
    let (path, file) = path_of(&found, call.in_path("file")).ok_or_else(none)?;
    let bytes = std::fs::read(&path).map_err(|error| {
        log::error!("{}: {error}", path.display());
        none()
    })?;
    call.log(Action::Read, None, None, &format!("{name}/{wanted}/{file}"))?;
    let ending = file.rsplit('.').next().and_then(Format::parse);
    let kind = ending.map_or(JSON, Format::media_type);
    Ok(Reply::new(kind, bytes).download(&format!("khlang-{name}-{wanted}-{file}")))
}

/// Where a file of an export lies, and its name as the manifest writes it.
fn path_of(made: &ExportFolder, wanted: &str) -> Option<(PathBuf, String)> {
    let listed = made.manifest.files.iter().map(|file| file.name.as_str());
    let name = listed.chain([MANIFEST]).find(|name| *name == wanted)?;
    // A manifest that was tampered with is no way out of its folder.
    let plain = !name.contains(['/', '\\', '"', '\r', '\n']) && !name.starts_with('.');
    plain.then(|| (made.path.join(name), name.to_owned()))
}
