//! What a monitoring system is told: metrics in a form that it can read, and
//! each reason for which archives cannot be taken.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::fixture::{Got, Site, empty, site, site_with, store};
use crate::app::{BlockedFile, LoadingArchive, WaitingArchive};
use crate::store::Store;
use crate::submission::Status;

/// Checks that fail.
fn failed(got: &Got) -> BTreeSet<String> {
    assert_eq!(got.status, 503, "{}", got.text());
    let json = got.json();
    let checks = json["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false);
    checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_dead_writer_and_a_daemon_that_is_stuck_are_not_ready() {
    let site = site();
    assert_eq!(site.get("/-/ready").status, 200);
    site.app.heartbeat.record(Instant::now(), false);
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(["loader".to_owned()]));
    site.app.heartbeat.record(Instant::now(), true);
    assert_eq!(site.get("/-/ready").status, 200);
    let long_ago = Instant::now().checked_sub(Duration::from_mins(5)).unwrap();
    site.app.heartbeat.record(long_ago, true);
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(["loader".to_owned()]));
}

#[test]
fn a_clock_behind_what_is_stored_is_not_ready() {
    let site = site();
    let catalog = &site.app.environment().catalog;
    let later = empty(5, "F21_10669_25560120073000.zip", Some("10669"), 20);
    store(&Store::open(&site.app.database, catalog, 4).unwrap(), &later);
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(["clock".to_owned()]));
}

#[test]
fn an_inbox_that_cannot_be_written_is_not_ready() {
    let site = site();
    let inbox = site.folder.path().join("inbox");
    std::fs::remove_dir(&inbox).unwrap();
    // Root may write anywhere; but nobody into a file.
    crate::files::write_whole(&inbox, b"").unwrap();
    assert_eq!(failed(&site.get("/-/ready")), BTreeSet::from(["inbox".to_owned()]));
}

/// Reads the text format of Prometheus strictly: every sample belongs to the
/// family that was announced last, no name or label set comes twice.
fn samples(got: &Got) -> BTreeMap<String, f64> {
    assert_eq!(got.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
    };
    let (mut found, mut families) = (BTreeMap::new(), BTreeSet::new());
    let (mut family, mut kind) = (String::new(), String::new());
    for line in got.text().lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, about) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && about.ends_with('.'), "{line}");
            assert!(families.insert(name.to_owned()), "{name} stands twice");
            name.clone_into(&mut family);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, what) = rest.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert!(["gauge", "counter", "histogram"].contains(&what), "{line}");
            assert_eq!(what == "counter", name.ends_with("_total"), "{line}");
            what.clone_into(&mut kind);
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            let ending = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line}"));
            let endings: &[&str] =
                if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(endings.contains(&ending), "{line}");
            let labels = labels.strip_suffix('}').unwrap();
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (name, value) = label.split_once('=').unwrap();
                assert!(is_name(name) && value.len() >= 2, "{line}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
            }
            let value: f64 = value.parse().unwrap();
            assert!(found.insert(sample.to_owned(), value).is_none(), "{sample} stands twice");
        }
    }
    found
}

fn scraped(site: &Site) -> BTreeMap<String, f64> {
    let got = site.get("/metrics");
    assert_eq!(got.status, 200, "{}", got.text());
    samples(&got)
}

#[test]
fn metrics_are_what_a_monitoring_system_reads() {
    let site = site();
    site.get("/api/v1/submissions");
    site.get("/nowhere/at/all");
    site.say(b"not http\r\n\r\n");
    {
        let mut inbox = site.app.inbox();
        let since = "2013-01-15T09:20:00+07:00".to_owned();
        inbox.waiting.push(WaitingArchive { since, ..WaitingArchive::default() });
        inbox.loading = Some(LoadingArchive::default());
        inbox.blocked.push(BlockedFile {
            path: "F43_10669_25560115080000.zip".to_owned(),
            owner: "root:root".to_owned(),
            mode: "0640".to_owned(),
            ..BlockedFile::default()
        });
    }
    site.app.metrics.loaded(Duration::from_secs(3));
    site.app.metrics.loaded(Duration::from_hours(5));
    site.app.metrics.exported(false);
    let found = scraped(&site);
    for (sample, value) in [
        ("khlang_archives{status=\"accepted\"}", 1.0),
        ("khlang_archives{status=\"broken\"}", 2.0),
        ("khlang_archives{status=\"partial\"}", 1.0),
        ("khlang_rows{outcome=\"accepted\"}", 1370.0),
        ("khlang_rows{outcome=\"rejected\"}", 250.0),
        ("khlang_findings_total{code=\"SE1105\"}", 250.0),
        ("khlang_findings_total{code=\"A01\"}", 1.0),
        ("khlang_queue_archives", 1.0),
        ("khlang_inbox_blocked", 1.0),
        (
            "khlang_inbox_blocked_file{file=\"F43_10669_25560115080000.zip\",owner=\"root:root\",mode=\"0640\"}",
            1.0,
        ),
        ("khlang_queue_oldest_seconds", 600.0),
        ("khlang_loading", 1.0),
        ("khlang_trouble", 0.0),
        ("khlang_last_archive_age_seconds", 3600.0),
        ("khlang_load_seconds_bucket{le=\"1\"}", 0.0),
        ("khlang_load_seconds_bucket{le=\"5\"}", 1.0),
        ("khlang_load_seconds_bucket{le=\"3600\"}", 1.0),
        ("khlang_load_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("khlang_load_seconds_count", 2.0),
        ("khlang_load_seconds_sum", 18_003.0),
        ("khlang_exports_total{outcome=\"failed\"}", 1.0),
        ("khlang_http_requests_total{route=\"submissions\",status=\"200\"}", 1.0),
        ("khlang_http_requests_total{route=\"none\",status=\"404\"}", 1.0),
        ("khlang_http_request_seconds_count{route=\"submissions\"}", 1.0),
        ("khlang_http_refused_total{code=\"malformed_request\"}", 1.0),
    ] {
        assert_eq!(found.get(sample), Some(&value), "{sample}");
    }
    // Clients of before may still be leaving; only who asks stays.
    while scraped(&site).get("khlang_http_connections") != Some(&1.0) {}
    for sample in ["khlang_database_bytes", "khlang_disk_free_bytes", "process_open_fds"] {
        assert!(found[sample] > 0.0, "{sample}");
    }
    let version = format!("khlang_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert!(found.contains_key(&version));
}

#[test]
fn what_clients_and_senders_say_is_no_label() {
    let site = site();
    for path in ["/a", "/b", "/api/v1/submissions/77", "/api/v1/submissions/88?page=1"] {
        site.get(path);
    }
    let before: BTreeSet<String> = scraped(&site).into_keys().collect();
    for path in ["/c", "/d\"e", "/api/v1/submissions/99", "/%3Cscript%3E"] {
        site.get(path);
    }
    let after: BTreeSet<String> = scraped(&site).into_keys().collect();
    let new: Vec<_> = after.difference(&before).filter(|name| !name.contains("metrics")).collect();
    assert!(new.is_empty(), "{new:?}");
    let text = site.get("/metrics").text().to_owned();
    assert!(!text.contains("10944") && !text.contains("1103700123456"));
}

#[test]
fn kept_totals_are_the_counted_ones_also_after_a_void() {
    let site = site_with(|_| {});
    let catalog = &site.app.environment().catalog;
    let mut db = Store::open(&site.app.database, catalog, 4).unwrap();
    let kept = |db: &Store| {
        let reader = db.reader().unwrap().unwrap();
        let all = (reader.overview(&None).unwrap(), reader.overview_of_day("2013-01-15", &None));
        let units = Some(["10669", "10944", "03590"].map(str::to_owned).into());
        (all.0, all.1.unwrap(), reader.overview(&units).unwrap())
    };
    let (all, day, of_units) = kept(&db);
    assert_eq!(
        (all.received, all.accepted, all.rejected, all.last_submission),
        (1620, 1370, 250, 4)
    );
    assert_eq!((day.received, day.submissions["broken"], day.last_submission), (1500, 2, 4));
    assert_eq!((of_units.received, of_units.submissions["broken"]), (1620, 1));
    let mut repeated = empty(5, "F21_10669_25560115073000.zip", Some("10669"), 15);
    repeated.status = Status::Accepted;
    let committed = |db: &Store| db.reader().unwrap().unwrap().committed().unwrap();
    assert_eq!(committed(&db), 4);
    store(&db, &repeated);
    // A number that was promised to an upload before is committed after: the
    // highest number says nothing of it.
    let before = empty(-1, "F21_10669_25560110073000.zip", Some("10669"), 10);
    store(&db, &before);
    assert_eq!(committed(&db), 6);
    db.void(2, "test", "wrong period", "2013-01-15T10:00:00+07:00").unwrap();
    let (all, day, _) = kept(&db);
    assert_eq!((all.received, day.received), (120, 0));
    assert_eq!(all.submissions.get("partial"), None);
    assert_eq!((all.submissions["void"], all.submissions["accepted"]), (1, 3));
    assert_eq!(site.get("/api/v1/submissions?status=void").json()["total"], 1);
    assert_eq!(site.get("/api/v1/submissions?from=2013-01-15&to=2013-01-15").json()["total"], 4);
    assert_eq!(site.get("/api/v1/submissions").json()["total"], 6);
    assert_eq!(committed(&db), 6);
}
