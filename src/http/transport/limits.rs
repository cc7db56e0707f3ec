//! Limits and deadlines of a connection.

use std::sync::Arc;
use std::time::Duration;

use crate::app::Metrics;
use crate::config::{Config, Networks};

/// Limits and deadlines of a connection.
pub struct ConnectionLimits {
    /// Deadline for the whole head.
    pub head: Duration,
    /// Deadline for a whole form.
    pub form: Duration,
    /// Longest pause within an archive.
    pub body: Duration,
    /// Longest pause of a client that reads its reply.
    pub send: Duration,
    /// Deadline for the reply to be ready.
    pub reply: Duration,
    /// Minimum transfer rate of archives and replies, in bytes a second; below
    /// it we assume a slow-loris client.
    pub least_rate: u64,
    /// Largest head, in bytes.
    pub head_bytes: usize,
    /// Proxies whose forwarding headers are believed.
    pub trusted: Networks,
    /// Where clients are counted.
    pub metrics: Arc<Metrics>,
}

impl ConnectionLimits {
    /// As configured.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            head: config.http.head.0,
            form: config.http.form.0,
            body: config.http.body.0,
            send: config.http.send.0,
            reply: longest_reply(config),
            least_rate: config.http.least_rate,
            head_bytes: config.limits.head_bytes,
            trusted: config.http.trusted_proxies.clone(),
            metrics,
        }
    }
}

/// Longest time until a reply is ready: it may wait in line behind queries that
/// take all the time they may.
pub fn longest_reply(config: &Config) -> Duration {
    Duration::from_millis(config.limits.query_ms) * 2 + Duration::from_secs(5)
}
