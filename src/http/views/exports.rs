//! Finished exports, for download. A name in an address never becomes a path:
//! it is looked up among existing files.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::Serialize;

use crate::export::{self, ExportFolder, FileLine};
use crate::http::endpoint::{Endpoint, PROVINCE};
use crate::http::params::common::{PAGE, PER_PAGE};
use crate::http::params::{Param, ParamType};
use crate::http::problem::{self, Problem};
use crate::http::reply::{JSON, Reply};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::report::Format;
use crate::store::{Action, ListPage};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: PROVINCE,
            about: "route.exports",
            params: &[
                Param { name: "name", kind: ParamType::Address, about: "Only of this name." },
                PAGE,
                PER_PAGE,
            ],
            schema: Some(ReplySchema::from_type::<ListPage<ExportLine>>()),
            problems: &[problem::STORAGE],
            asks_store: false,
            ..Endpoint::api("exports", "/api/v1/exports")
        },
        view: list,
    },
    Route {
        endpoint: Endpoint {
            access: PROVINCE,
            about: "route.export_file",
            content: Format::MEDIA_TYPES,
            problems: &[problem::NO_EXPORT, problem::STORAGE],
            asks_store: false,
            ..Endpoint::api("export_file", "/api/v1/exports/{name}/{stamp}/{file}")
        },
        view: file,
    },
];

/// The description of every export.
const MANIFEST: &str = "manifest.json";

/// A finished export.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExportLine {
    /// Name of the export.
    pub name: String,
    /// Its folder: the day it was due, and its number on that day.
    pub stamp: String,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// When it was due by its schedule; none when run by hand.
    pub due: Option<DateTime<FixedOffset>>,
    /// It includes submissions up to this id.
    pub as_of_submission: i64,
    /// Periods it covers.
    pub periods: Vec<String>,
    /// Level of its indicators.
    pub level: Option<String>,
    /// The report, if it is one.
    pub report: Option<String>,
    /// Files of the export.
    pub files: Vec<FileLine>,
}

fn trouble(error: &export::ExportError) -> Problem {
    log::error!("exports: {error}");
    Problem::new(problem::STORAGE, "see the log of the daemon")
}

fn names(request: &Request) -> Result<Vec<String>, Problem> {
    export::names(&request.app.data).map_err(|error| trouble(&error))
}

fn made(request: &Request, name: &str) -> Result<Vec<ExportFolder>, Problem> {
    let mut all = export::list(&request.app.data, name).map_err(|error| trouble(&error))?;
    all.retain(|made| made.manifest.export == name);
    all.reverse();
    Ok(all)
}

fn stamp(made: &ExportFolder) -> String {
    made.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Finished exports, by name, the newest first.
pub fn all(request: &Request) -> Result<Vec<ExportLine>, Problem> {
    let mut lines = Vec::new();
    for name in names(request)? {
        lines.extend(made(request, &name)?.into_iter().map(|made| ExportLine {
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
pub fn list(request: &Request) -> Result<Reply, Problem> {
    let mut rows = all(request)?;
    if let Some(name) = request.text("name") {
        rows.retain(|line| line.name == name);
    }
    let (total, page, per_page) = (rows.len() as u64, request.page(), request.per_page());
    let from = (page - 1).saturating_mul(per_page) as usize;
    let rows = rows.into_iter().skip(from).take(per_page as usize).collect();
    request.page_of(&ListPage { rows, total, page, per_page })
}

/// `/api/v1/exports/{name}/{stamp}/{file}`
pub fn file(request: &Request) -> Result<Reply, Problem> {
    let none = || Problem::new(problem::NO_EXPORT, "see /api/v1/exports");
    let (name, wanted) = (request.in_path("name"), request.in_path("stamp"));
    if !names(request)?.iter().any(|known| known == name) {
        return Err(none());
    }
    let found = made(request, name)?.into_iter().find(|made| stamp(made) == wanted);
    let found = found.ok_or_else(none)?;
    let (path, file) = path_of(&found, request.in_path("file")).ok_or_else(none)?;
    let bytes = std::fs::read(&path).map_err(|error| {
        log::error!("{}: {error}", path.display());
        none()
    })?;
    request.log(Action::Read, None, None, &format!("{name}/{wanted}/{file}"))?;
    let ending = file.rsplit('.').next().and_then(Format::parse);
    let kind = ending.map_or(JSON, Format::media_type);
    Ok(Reply::new(kind, bytes).download(&format!("khlang-{name}-{wanted}-{file}")))
}

/// Path of a file of an export, and its name in the manifest.
fn path_of(made: &ExportFolder, wanted: &str) -> Option<(PathBuf, String)> {
    let listed = made.manifest.files.iter().map(|file| file.name.as_str());
    let name = listed.chain([MANIFEST]).find(|name| *name == wanted)?;
    // A manifest that was tampered with must not lead out of its folder.
    let plain = !name.contains(['/', '\\', '"', '\r', '\n']) && !name.starts_with('.');
    plain.then(|| (made.path.join(name), name.to_owned()))
}
