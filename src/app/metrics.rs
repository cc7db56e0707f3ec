//! Counters of a running program, for a monitoring system. Labels have few
//! values, all defined by this program: routes, statuses, codes. Nothing that a
//! client or sender writes becomes one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of reply times, in seconds.
const REPLY_S: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];

/// Upper bounds of the buckets of load times, in seconds.
const LOAD_S: [f64; 10] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0];

/// A histogram of durations.
#[derive(Debug)]
struct Histogram {
    bounds: &'static [f64],
    /// Per bound: values at most this and above the previous bound.
    buckets: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, buckets: vec![0; bounds.len()], count: 0, sum: 0.0 }
    }

    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(at) = self.bounds.iter().position(|bound| seconds <= *bound) {
            self.buckets[at] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }
}

#[derive(Debug)]
struct Counters {
    requests: BTreeMap<(&'static str, u16), u64>,
    replies: BTreeMap<&'static str, Histogram>,
    refused: BTreeMap<&'static str, u64>,
    loads: Histogram,
    exports: BTreeMap<&'static str, u64>,
    audits: BTreeMap<&'static str, u64>,
}

/// Counters of a running program.
#[derive(Debug)]
pub struct Metrics {
    counted: Mutex<Counters>,
    connected: AtomicU64,
    connections: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let counted = Counters {
            requests: BTreeMap::new(),
            replies: BTreeMap::new(),
            refused: BTreeMap::new(),
            loads: Histogram::new(&LOAD_S),
            exports: BTreeMap::new(),
            audits: BTreeMap::new(),
        };
        let counted = Mutex::new(counted);
        Self { counted, connected: AtomicU64::default(), connections: AtomicU64::default() }
    }
}

/// A client that is connected, until this is dropped.
pub struct Connected<'m>(&'m Metrics);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    fn counted(&self) -> MutexGuard<'_, Counters> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clients connected now.
    pub fn clients(&self) -> u64 {
        self.connected.load(Ordering::Relaxed)
    }

    /// A client has connected.
    pub fn connected(&self) -> Connected<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.connected.fetch_add(1, Ordering::Relaxed);
        Connected(self)
    }

    /// A route has answered.
    pub fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let mut counted = self.counted();
        *counted.requests.entry((route, status)).or_default() += 1;
        counted.replies.entry(route).or_insert_with(|| Histogram::new(&REPLY_S)).add(took);
    }

    /// The transport has refused a client.
    pub fn refused(&self, code: &'static str) {
        *self.counted().refused.entry(code).or_default() += 1;
    }

    /// An archive was loaded, or failed to.
    pub fn loaded(&self, took: Duration) {
        self.counted().loads.add(took);
    }

    /// An export was made, or failed.
    pub fn exported(&self, made: bool) {
        *self.counted().exports.entry(if made { "made" } else { "failed" }).or_default() += 1;
    }

    /// The rules of audits were run on schedule, or that failed.
    pub fn audited(&self, made: bool) {
        *self.counted().audits.entry(if made { "made" } else { "failed" }).or_default() += 1;
    }

    /// Writes all counters.
    pub fn write(&self, page: &mut Exposition) {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
        page.family("khlang_http_connections", GAUGE, "Clients connected now.");
        page.sample("", &[], load(&self.connected));
        page.family("khlang_http_connections_total", COUNTER, "Clients that ever connected.");
        page.sample("", &[], load(&self.connections));
        let counted = self.counted();
        page.family("khlang_http_requests_total", COUNTER, "Requests answered.");
        for ((route, status), count) in &counted.requests {
            page.sample("", &[("route", route), ("status", &status.to_string())], *count as f64);
        }
        page.family("khlang_http_request_seconds", HISTOGRAM, "Time to answer a request.");
        for (route, histogram) in &counted.replies {
            page.histogram(&[("route", route)], histogram);
        }
        page.family("khlang_http_refused_total", COUNTER, "Clients refused by the front.");
        for (code, count) in &counted.refused {
            page.sample("", &[("code", code)], *count as f64);
        }
        page.family("khlang_load_seconds", HISTOGRAM, "Time to load an archive.");
        page.histogram(&[], &counted.loads);
        page.family("khlang_exports_total", COUNTER, "Exports run since the start.");
        for (outcome, count) in &counted.exports {
            page.sample("", &[("outcome", outcome)], *count as f64);
        }
        page.family("khlang_audit_runs_total", COUNTER, "Audit runs on schedule since the start.");
        // A rate needs a first value: what has not happened yet is nought.
        for outcome in ["made", "failed"] {
            let count = counted.audits.get(outcome).copied().unwrap_or(0);
            page.sample("", &[("outcome", outcome)], count as f64);
        }
    }
}

/// Goes up and down.
pub const GAUGE: &str = "gauge";
/// Only goes up.
pub const COUNTER: &str = "counter";
/// Counts by size.
pub const HISTOGRAM: &str = "histogram";

/// The text format of Prometheus, version 0.0.4.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    family: &'static str,
}

impl Exposition {
    /// Begins a family; its samples follow.
    pub fn family(&mut self, name: &'static str, kind: &str, about: &str) {
        self.family = name;
        let _ = writeln!(self.text, "# HELP {name} {about}\n# TYPE {name} {kind}");
    }

    /// A family with one sample.
    pub fn gauge(&mut self, name: &'static str, about: &str, value: f64) {
        self.family(name, GAUGE, about);
        self.sample("", &[], value);
    }

    /// A sample of the family.
    pub fn sample(&mut self, ending: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "{}{ending}", self.family);
        for (at, (name, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{}{name}=\"{value}\"", if at == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut below = 0;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.buckets) {
            below += count;
            let bound = bound.to_string();
            self.sample("_bucket", &[labels, &[("le", &bound)]].concat(), below as f64);
        }
        self.sample("_bucket", &[labels, &[("le", "+Inf")]].concat(), histogram.count as f64);
        self.sample("_sum", labels, histogram.sum);
        self.sample("_count", labels, histogram.count as f64);
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}
