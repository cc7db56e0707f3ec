//! Alive, and able to take archives: each check really tried.

use std::path::Path;
use std::time::Duration;

use chrono::Datelike;
use serde::Serialize;

use crate::access::Role;
use crate::clock::FIRST_BUDDHIST_YEAR;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{Reply, TEXT};
use crate::http::shared::Shared;
use crate::store::{Reader, StoreError};

/// Before this year there was nothing to send (the two standards are of 2556
/// B.E.); a machine that says so has lost its battery.
const FIRST_YEAR: i32 = 2012;

/// The check that says whether a list of units is held back.
const UNITS: &str = "units";

/// `/-/healthy`
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
pub fn healthy(_: &Call) -> Result<Reply, Problem> {
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
pub fn ready(call: &Call) -> Result<Reply, Problem> {
    let shared = call.shared;
    let last = last_received(call);
    let checks: Vec<Check> = [
        ("database", last.as_ref().map(|_| "answers".to_owned()).map_err(Clone::clone)),
        ("loader", loader(call)),
        ("inbox", inbox(&shared.data.join("inbox")).and_then(|said| archives(shared, said))),
        ("disk", disk(&shared.data, call.world.config.limits.free_bytes)),
        (UNITS, units(call)),
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
    let told = matches!(call.viewer.role(), Some(Role::Province | Role::Metrics));
    let checks = if told { checks } else { Vec::new() };
    let mut reply = Reply::json(&Ready { ready, checks })?;
    if !ready {
        reply.status = 503;
    }
    Ok(reply)
}

/// When the last submission was received, through a new connection: that is
/// what the next worker would need.
fn last_received(call: &Call) -> Result<Option<String>, String> {
    let deadline = Duration::from_millis(call.world.config.limits.query_ms);
    let ask = || -> Result<Option<String>, StoreError> {
        let reader = Reader::open(&call.shared.database, Some(deadline))?;
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
fn loader(call: &Call) -> Result<String, String> {
    match call.shared.pulse.trouble(call.world.config.inbox.poll.0) {
        None => Ok("takes archives".to_owned()),
        Some(trouble) => Err(trouble.to_owned()),
    }
}

/// The list of units is the one that was last written, or is held back.
fn units(call: &Call) -> Result<String, String> {
    let units = &call.world.units;
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
fn archives(shared: &Shared, well: String) -> Result<String, String> {
    let inbox = shared.inbox();
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
fn clock(shared: &Shared, last: Option<&str>) -> Result<String, String> {
    let now = shared.clock.now();
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
