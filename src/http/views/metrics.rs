//! `/metrics` for a monitoring system: numbers only, nothing about persons.

use std::path::Path;

use chrono::DateTime;

use crate::app::metrics::{COUNTER, Exposition, GAUGE};
use crate::audit::Case;
use crate::audit::steps::CaseState;
use crate::http::endpoint::{Endpoint, SYSTEM};
use crate::http::problem::Problem;
use crate::http::reply::{METRICS, Reply};
use crate::http::request::Request;
use crate::http::route::Route;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        access: SYSTEM,
        about: "route.metrics",
        content: &[METRICS],
        ..Endpoint::api("metrics", "/metrics")
    },
    view: metrics,
}];

/// `/metrics`
pub fn metrics(request: &Request) -> Result<Reply, Problem> {
    let mut page = Exposition::default();
    page.family("khlang_build_info", GAUGE, "The version that runs.");
    page.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.gauge(
        "khlang_start_time_seconds",
        "When it was started, seconds since 1970.",
        request.app.started.timestamp() as f64,
    );
    stored(request, &mut page)?;
    cases(request, &mut page)?;
    inbox(request, &mut page);
    files(request, &mut page);
    process(&mut page);
    request.app.metrics.write(&mut page);
    Ok(Reply::new(METRICS, page.finish()))
}

fn stored(request: &Request, page: &mut Exposition) -> Result<(), Problem> {
    let store = request.store()?;
    let all = store.overview(&None)?;
    page.family("khlang_archives", GAUGE, "Archives on record by status.");
    for (status, count) in &all.submissions {
        page.sample("", &[("status", status)], *count as f64);
    }
    page.family("khlang_rows", GAUGE, "Rows of archives that stand, by outcome.");
    for (outcome, count) in
        [("accepted", all.accepted), ("duplicate", all.duplicate), ("rejected", all.rejected)]
    {
        page.sample("", &[("outcome", outcome)], count as f64);
    }
    page.family("khlang_findings_total", COUNTER, "How often each code was given.");
    for (code, count) in store.codes()? {
        page.sample("", &[("code", &code)], count as f64);
    }
    if let Some(last) = store.last_received()?
        && let Ok(last) = DateTime::parse_from_rfc3339(&last)
    {
        let age = (request.app.clock.now() - last).num_milliseconds() as f64 / 1000.0;
        page.gauge("khlang_last_archive_age_seconds", "Since the last archive was received.", age);
    }
    Ok(())
}

/// Audit cases by state, and those that wait for a decision longer than a unit
/// can appeal.
fn cases(request: &Request, page: &mut Exposition) -> Result<(), Problem> {
    let store = request.store()?;
    let (by_state, today) = (store.audit_by_state()?, request.app.clock.now().date_naive());
    page.family("khlang_audit_cases", GAUGE, "Audit cases by state.");
    let mut overdue = 0.0;
    for state in CaseState::ALL {
        let cases = by_state.get(state.as_str()).map_or(&[][..], Vec::as_slice);
        page.sample("", &[("state", state.as_str())], cases.len() as f64);
        for id in cases.iter().filter(|_| state != CaseState::Resolved) {
            let Some(opened) = store.audit_case(*id)? else { continue };
            let case = Case::read(store, opened, i64::MAX)?;
            if case.is_overdue(today) {
                overdue += 1.0;
            }
        }
    }
    let what = "Audit cases whose last day to appeal is over and that are not decided.";
    page.gauge("khlang_audit_overdue", what, overdue);
    Ok(())
}

/// Most blocked files that are named, because each is a time series.
const BLOCKED: usize = 20;

fn inbox(request: &Request, page: &mut Exposition) {
    let (oldest, waiting, loading, trouble, blocked_total, blocked) = {
        let inbox = request.app.inbox();
        let first = inbox.waiting.iter().map(|one| &one.since);
        let since =
            first.chain(&inbox.oldest).filter_map(|at| DateTime::parse_from_rfc3339(at).ok());
        let flag = |is: bool| f64::from(u8::from(is));
        let (loading, trouble) = (flag(inbox.loading.is_some()), flag(inbox.trouble.is_some()));
        let blocked: Vec<_> = inbox.blocked.iter().take(BLOCKED).cloned().collect();
        let blocked_total = inbox.blocked_total.max(inbox.blocked.len()) as f64;
        (since.min(), inbox.waiting() as f64, loading, trouble, blocked_total, blocked)
    };
    let age = oldest.map_or(0.0, |oldest| {
        (request.app.clock.now() - oldest).num_milliseconds() as f64 / 1000.0
    });
    page.gauge("khlang_queue_archives", "Archives that wait in the inbox.", waiting);
    page.gauge("khlang_queue_oldest_seconds", "How long the oldest of them has waited.", age);
    page.gauge("khlang_loading", "1 while an archive is being loaded.", loading);
    page.gauge("khlang_trouble", "1 while trouble of our own keeps archives waiting.", trouble);
    let what = "Files of the inbox that the service may not read or take.";
    page.gauge("khlang_inbox_blocked", what, blocked_total);
    page.family("khlang_inbox_blocked_file", GAUGE, "The first of them, with owner and mode.");
    for one in &blocked {
        let named = [("file", one.path.as_str()), ("owner", &one.owner), ("mode", &one.mode)];
        page.sample("", &named, 1.0);
    }
    let held = f64::from(u8::from(request.environment.units.held.is_some()));
    page.gauge("khlang_units_held", "1 while a changed list of units is held back.", held);
}

fn files(request: &Request, page: &mut Exposition) {
    let bytes = |path: &Path| path.metadata().map_or(0.0, |meta| meta.len() as f64);
    let database = &request.app.database;
    let wal = database.with_extension("db-wal");
    page.gauge("khlang_database_bytes", "Size of the database.", bytes(database));
    page.gauge("khlang_database_wal_bytes", "Size of its write-ahead log.", bytes(&wal));
    if let Ok(disk) = rustix::fs::statvfs(&request.app.data) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) as f64;
        page.gauge("khlang_disk_free_bytes", "Free space where the data lie.", free);
    }
}

/// Memory and descriptors of this process, where the system tells.
fn process(page: &mut Exposition) {
    let resident = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| {
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    });
    if let Some(bytes) = resident {
        page.gauge("process_resident_memory_bytes", "Memory in use.", bytes as f64);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Descriptors in use.", open.count() as f64);
    }
}
