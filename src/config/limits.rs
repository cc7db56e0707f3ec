//! A limit on everything (invariant 7): every number that keeps a sender, a
//! client or a mistake from taking the whole machine stands in this one table.

use serde::{Deserialize, Serialize};

/// Upper bounds, all configurable under `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest archive as sent, in bytes.
    pub archive_bytes: u64,
    /// Most entries (of any kind) in one archive.
    pub entries: u64,
    /// Most inflated bytes of all members together, counted while inflating.
    pub inflated_bytes: u64,
    /// Most inflated bytes of one member, counted while inflating.
    pub member_bytes: u64,
    /// Largest inflated : compressed ratio of a member; small members
    /// (under 1 MiB inflated) are not held to it.
    pub ratio: u64,
    /// Longest line of a member, in bytes as sent, line end not counted.
    pub line_bytes: usize,
    /// Errors and duplicates kept per code and file; totals stay exact beyond it.
    pub findings: u64,
    /// Warnings kept per code and file: fewer, because their rows are stored
    /// and need not be sent again.
    pub warnings: u64,
    /// Findings kept of an archive, and as many duplicates, whatever their code
    /// and file: some two million could be said of a small archive.
    pub findings_in_all: u64,
    /// Archives that may wait in memory to be taken; the rest wait in the inbox.
    pub queue: usize,
    /// HTTP connections served or waiting at once.
    pub connections: usize,
    /// How many of them one client may have: one address, or one /64 network of
    /// IPv6; behind a trusted proxy the address that it tells.
    pub connections_per_peer: usize,
    /// Largest file that comes back from a destination, in bytes.
    pub rep_bytes: u64,
    /// Most inflated bytes of a workbook that comes back.
    pub rep_inflated_bytes: u64,
    /// Most sheets of it.
    pub rep_sheets: usize,
    /// Most cells of a file that comes back, blank ones between others too.
    pub rep_cells: usize,
    /// Largest head (request line and headers) of an HTTP request, in bytes.
    pub head_bytes: usize,
    /// Largest HTTP request body, in bytes.
    pub body_bytes: u64,
    /// Largest body of a form, in bytes.
    pub form_bytes: u64,
    /// Largest body of a step of an audit case, in bytes.
    pub step_bytes: u64,
    /// How long a step of an audit case waits for the writer, in milliseconds.
    pub step_wait_ms: u64,
    /// Longest time that a query for a reader may take, in milliseconds.
    pub query_ms: u64,
    /// Longest time that counting one KPI may take for the command line and
    /// for exports, in milliseconds.
    pub kpi_ms: u64,
    /// How long a request waits for figures that are being counted, in
    /// milliseconds.
    pub figures_wait_ms: u64,
    /// For so long figures may be behind archives that have come in since, in
    /// milliseconds.
    pub figures_stale_ms: u64,
    /// Memory for figures that were counted, MiB.
    pub figures_mib: usize,
    /// Disk space for partial figures kept in `figures.db`, MiB; 0 keeps none.
    pub figures_kept_mib: usize,
    /// Most rows of an audit case that are kept one by one, in a run.
    pub audit_rows: usize,
    /// Most rows in one HTTP reply page.
    pub reply_rows: usize,
    /// Free disk space, in bytes, under which the daemon is not ready.
    pub free_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_bytes: 2 << 30,
            entries: 1_000,
            inflated_bytes: 32 << 30,
            member_bytes: 16 << 30,
            ratio: 400,
            line_bytes: 64 << 10,
            findings: 1_000,
            warnings: 200,
            findings_in_all: 50_000,
            queue: 10_000,
            connections: 64,
            connections_per_peer: 32,
            rep_bytes: 64 << 20,
            rep_inflated_bytes: 512 << 20,
            rep_sheets: 50,
            rep_cells: 5_000_000,
            head_bytes: 16 << 10,
            body_bytes: 2 << 30,
            form_bytes: 8 << 10,
            step_bytes: 2 << 20,
            step_wait_ms: 5_000,
            query_ms: 10_000,
            kpi_ms: 120_000,
            figures_wait_ms: 3_000,
            figures_stale_ms: 15_000,
            figures_mib: 64,
            figures_kept_mib: 64,
            audit_rows: 5_000,
            reply_rows: 1_000,
            free_bytes: 1 << 30,
        }
    }
}
