//! Health checks: alive, and able to receive archives. Each check really tries.

use std::path::Path;
use std::time::Duration;

use chrono::Datelike;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::AppState;
use crate::clock::FIRST_BUDDHIST_YEAR;
use crate::credentials::Role;
use crate::http::endpoint::{Access, Endpoint, OtherReply};
use crate::http::problem::Problem;
use crate::http::reply::{Reply, TEXT};
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;
use crate::store::{Reader, StoreError};

/// Routes answered here.
pub const ROUTES: &[Route] = &[
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.healthy",
            content: &[TEXT],
            asks_store: false,
            ..Endpoint::api("healthy", "/-/healthy")
        },
        view: healthy,
    },
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.ready",
            schema: Some(ReplySchema::from_type::<Ready>()),
            also: &[OtherReply {
                status: 503,
                about: "Archives cannot be taken now",
                schema: ReplySchema::from_type::<Ready>(),
            }],
            asks_store: false,
            ..Endpoint::api("ready", "/-/ready")
        },
        view: ready,
    },
];

/// First plausible year: the two standards are of B.E. 2556. A machine with an
/// earlier date has lost its clock battery.
const FIRST_YEAR: i32 = 2012;

/// Name of the check of the list of units.
const UNITS: &str = "units";

/// `/-/healthy`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn healthy(_: &Request) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, "ok\n"))
}

#[derive(Serialize, JsonSchema)]
struct HealthCheck {
    /// What was tried.
    name: &'static str,
    /// Whether it worked.
    ok: bool,
    /// What was found.
    detail: String,
}

#[derive(Serialize, JsonSchema)]
struct Ready {
    /// Whether archives can be received now.
    ready: bool,
    /// Each check; empty for viewers who do not look after the machine.
    checks: Vec<HealthCheck>,
}

/// `/-/ready`
pub fn ready(request: &Request) -> Result<Reply, Problem> {
    let shared = request.app;
    let last = last_received(request);
    let checks: Vec<HealthCheck> = [
        ("database", last.as_ref().map(|_| "answers".to_owned()).map_err(Clone::clone)),
        ("loader", loader(request)),
        ("inbox", inbox(&shared.data.join("inbox")).and_then(|said| archives(shared, said))),
        ("disk", disk(&shared.data, request.environment.config.limits.free_bytes)),
        (UNITS, units(request)),
        ("clock", clock(shared, last.ok().flatten().as_deref())),
    ]
    .into_iter()
    .map(|(name, found)| HealthCheck {
        name,
        ok: found.is_ok(),
        detail: found.unwrap_or_else(|trouble| trouble),
    })
    .collect();
    // Archives are received under the old list as before, so a list that is
    // held back is reported but does not make the program unready.
    let ready = checks.iter().all(|check| check.ok || check.name == UNITS);
    // Details are for whoever looks after the machine.
    let told = matches!(request.viewer.role(), Some(Role::Province | Role::Metrics));
    let checks = if told { checks } else { Vec::new() };
    let mut reply = Reply::json(&Ready { ready, checks })?;
    if !ready {
        reply.status = 503;
    }
    Ok(reply)
}

/// When the last submission was received, read through a new connection as the
/// next worker would.
fn last_received(request: &Request) -> Result<Option<String>, String> {
    let deadline = Duration::from_millis(request.environment.config.limits.query_ms);
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

/// Whether the loader is alive. Trying to write would make a long load look
/// like a failure.
fn loader(request: &Request) -> Result<String, String> {
    match request.app.heartbeat.failure(request.environment.config.inbox.poll.0) {
        None => Ok("takes archives".to_owned()),
        Some(trouble) => Err(trouble.to_owned()),
    }
}

/// Whether the list of units in force is the one last written.
fn units(request: &Request) -> Result<String, String> {
    let units = &request.environment.units;
    match &units.held {
        None => Ok(format!("{} units in force", units.by_code.len())),
        Some(held) => Err(format!("{} / {}", held.en, held.th)),
    }
}

/// The inbox ignores files whose name begins with a dot.
fn inbox(folder: &Path) -> Result<String, String> {
    let try_it = || -> std::io::Result<()> {
        if let Some(entry) = std::fs::read_dir(folder)?.next() {
            entry?;
        }
        tempfile::Builder::new().prefix(".ready-").tempfile_in(folder)?.close()
    };
    try_it().map(|()| "readable and writable".to_owned()).map_err(|error| error.to_string())
}

/// Whether every archive can be read; one that cannot waits until somebody
/// changes its permissions.
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

/// A clock in the Buddhist era, or behind the last submission, would put
/// archives into the wrong round.
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
