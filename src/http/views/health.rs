//! Alive, and able to take archives: each check really tried.

use std::path::Path;
use std::time::Duration;

use chrono::Datelike;
use serde::Serialize;

use crate::app::AppState;
use crate::clock::FIRST_BUDDHIST_YEAR;
use crate::credentials::Role;
use crate::http::endpoint::{Access, Endpoint};
use crate::http::problem::Problem;
use crate::http::reply::{Reply, TEXT};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::store::{Reader, StoreError};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "Says ok while the program is alive.",
            about_th: "ตอบ ok ขณะที่โปรแกรมทำงานอยู่",
            content: &[TEXT],
            asks_store: false,
            ..Endpoint::api("healthy", "/-/healthy")
        },
        view: healthy,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "Whether archives can be taken now: database, inbox, disk, clock. 503 when not.",
            about_th: "พร้อมรับไฟล์หรือไม่: ฐานข้อมูล กล่องรับไฟล์ พื้นที่ดิสก์ นาฬิกา",
            schema: Some("Ready"),
            asks_store: false,
            ..Endpoint::api("ready", "/-/ready")
        },
        view: ready,
    },
];

/// Before this year there was nothing to send (the two standards are of 2556
/// B.E.); a machine that says so has lost its battery.
const FIRST_YEAR: i32 = 2012;

/// The check that says whether a list of units is held back.
const UNITS: &str = "units";

/// `/-/healthy`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn healthy(_: &Request) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, "ok\n"))
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    checks: Vec<Check>,
}

/// `/-/ready`
pub fn ready(request: &Request) -> Result<Reply, Problem> {
    let shared = request.app;
    let last = last_received(request);
    let checks: Vec<Check> = [
        ("database", last.as_ref().map(|_| "answers".to_owned()).map_err(Clone::clone)),
        ("loader", loader(request)),
        ("inbox", inbox(&shared.data.join("inbox")).and_then(|said| archives(shared, said))),
        ("disk", disk(&shared.data, request.world.config.limits.free_bytes)),
        (UNITS, units(request)),
        ("clock", clock(shared, last.ok().flatten().as_deref())),
    ]
    .into_iter()
    .map(|(name, found)| Check {
        name,
        ok: found.is_ok(),
        detail: found.unwrap_or_else(|trouble| trouble),
    })
    .collect();
    // By the list that stays in force archives are taken as before: that one is
    // held back is told, but makes nothing unready.
    let ready = checks.iter().all(|check| check.ok || check.name == UNITS);
    // Why not is for who looks after the machine.
    let told = matches!(request.viewer.role(), Some(Role::Province | Role::Metrics));
    let checks = if told { checks } else { Vec::new() };
    let mut reply = Reply::json(&Ready { ready, checks })?;
    if !ready {
        reply.status = 503;
    }
    Ok(reply)
}

/// When the last submission was received, through a new connection: that is
/// what the next worker would need.
fn last_received(request: &Request) -> Result<Option<String>, String> {
    let deadline = Duration::from_millis(request.world.config.limits.query_ms);
    let ask = || -> Result<Option<String>, StoreError> {
        let reader = Reader::open(&request.app.database, Some(deadline))?;
        reader.ping()?;
        reader.last_received()
    };
    ask().map_err(|error| {
        log::error!("the database is not ready: {error}");
        "does not answer".to_owned()
    })
}

/// What brings archives from the inbox into the database lives. Asking for the
/// database's one turn to write would make a long load look like trouble.
fn loader(request: &Request) -> Result<String, String> {
    match request.app.heartbeat.failure(request.world.config.inbox.poll.0) {
        None => Ok("takes archives".to_owned()),
        Some(trouble) => Err(trouble.to_owned()),
    }
}

/// The list of units is the one that was last written, or is held back.
fn units(request: &Request) -> Result<String, String> {
    let units = &request.world.units;
    match &units.held {
        None => Ok(format!("{} units in force", units.by_code.len())),
        Some(held) => Err(format!("{} / {}", held.en, held.th)),
    }
}

/// A file whose name begins with a dot is none that the inbox takes.
fn inbox(folder: &Path) -> Result<String, String> {
    let try_it = || -> std::io::Result<()> {
        if let Some(entry) = std::fs::read_dir(folder)?.next() {
            entry?;
        }
        tempfile::Builder::new().prefix(".ready-").tempfile_in(folder)?.close()
    };
    try_it().map(|()| "readable and writable".to_owned()).map_err(|error| error.to_string())
}

/// Every archive can be taken: one that may not be read waits until a person
/// does something.
fn archives(app: &AppState, well: String) -> Result<String, String> {
    let inbox = app.inbox();
    let Some(first) = inbox.blocked.first() else { return Ok(well) };
    let total = inbox.blocked_total.max(inbox.blocked.len());
    Err(format!("{total} cannot be taken, the first is {}: {}", first.path, first.en))
}

fn disk(folder: &Path, least: u64) -> Result<String, String> {
    let free = crate::files::free_bytes(folder).map_err(|error| error.to_string())?;
    let said = format!("{free} bytes free, at least {least} wanted");
    if free < least { Err(said) } else { Ok(said) }
}

/// A clock that stands in the Buddhist era, or before what is stored, would
/// put archives into the wrong round.
fn clock(app: &AppState, last: Option<&str>) -> Result<String, String> {
    let now = app.clock.now();
    let said = now.to_rfc3339();
    if !(FIRST_YEAR..FIRST_BUDDHIST_YEAR).contains(&now.year()) {
        return Err(format!("{said} is no year of the common era that can be"));
    }
    let last = last.and_then(|last| chrono::DateTime::parse_from_rfc3339(last).ok());
    match last {
        Some(last) if now + chrono::Duration::days(1) < last => {
            Err(format!("{said} is before the last submission, {}", last.to_rfc3339()))
        }
        _ => Ok(said),
    }
}
