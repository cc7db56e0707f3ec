//! Replies: complete, with a strong `ETag`, compressed when the client accepts
//! it, and with headers that restrict what a browser does with them.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::{self, Problem};
use crate::files::hex;
use crate::report::Format;

/// Bodies up to this size are sent as they are.
const GZIP_FROM_BYTES: usize = 1024;

/// Content type of JSON documents.
pub const JSON: &str = Format::Json.media_type();
/// Content type of problems.
pub const PROBLEM: &str = "application/problem+json";
/// Content type of pages.
pub const HTML: &str = Format::Html.media_type();
/// Content type of plain text.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// Content type of metrics.
pub const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Content type of CSV files.
pub const CSV: &str = Format::Csv.media_type();
/// Content type of style sheets.
pub const CSS: &str = "text/css; charset=utf-8";

/// Content type of pictures.
pub const SVG: &str = "image/svg+xml";

/// Content type of scripts.
pub const JS: &str = "text/javascript; charset=utf-8";

/// `Cache-Control` of data: never stored.
const NO_STORE: &str = "no-store";
/// `Cache-Control` of assets: stored, and revalidated with their `ETag`.
const REVALIDATE: &str = "no-cache";

/// Request headers that a reply depends on.
const VARY: &str = "Accept, Accept-Encoding, Authorization, Cookie";

/// `Server` header; a reply without it is not from this program.
pub const SERVER: &str = "khlang";

/// Headers of every reply.
const ALWAYS: [(&str, &str); 6] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Server", SERVER),
];

/// The answer of a view.
#[derive(Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// The complete body.
    pub body: Vec<u8>,
    /// `Cache-Control`.
    pub cache: &'static str,
    /// Further headers.
    pub extra: Vec<(&'static str, String)>,
    /// Which state of a thing it is of: what its `ETag` begins with, so that a
    /// change can name it (`If-Match`).
    pub state: Option<String>,
}

/// A reply as it goes out.
#[derive(Debug)]
pub struct Finished {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body, compressed perhaps; empty with 304.
    pub body: Vec<u8>,
}

impl Reply {
    /// A body of a content type.
    pub fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let (body, extra) = (body.into(), Vec::new());
        Self { status: 200, content_type, body, cache: NO_STORE, extra, state: None }
    }

    /// A JSON document.
    pub fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(|error| {
            log::error!("writing JSON: {error}");
            Problem::new(problem::PANIC, "it is in the log of the daemon")
        })?;
        Ok(Self::new(JSON, body))
    }

    /// A file of the program, the same for everybody.
    pub fn asset(content_type: &'static str, body: &'static str) -> Self {
        Self { cache: REVALIDATE, ..Self::new(content_type, body) }
    }

    /// The reply to a problem.
    pub fn problem(problem: &Problem) -> Self {
        let body = serde_json::to_vec(&problem.details()).expect("texts and a number");
        let mut reply = Self::new(PROBLEM, body);
        reply.status = problem.kind.status;
        match problem.kind.status {
            503 => reply.extra.push(("Retry-After", "2".to_owned())),
            429 => reply.extra.push(("Retry-After", "60".to_owned())),
            401 => reply.extra.push(("WWW-Authenticate", "Bearer realm=\"khlang\"".to_owned())),
            _ => {}
        }
        reply
    }

    /// A redirect to another page of this site.
    pub fn see_other(to: &str) -> Self {
        let mut reply = Self::new(TEXT, "");
        reply.status = 303;
        reply.extra.push(("Location", to.to_owned()));
        reply
    }

    /// Makes it a download with a file name.
    pub fn download(mut self, name: &str) -> Self {
        let value = format!("attachment; filename=\"{name}\"");
        self.extra.push(("Content-Disposition", value));
        self
    }

    /// Completes the reply for a client with these `Accept-Encoding` and
    /// `If-None-Match` headers.
    pub fn finish(self, accept_encoding: &str, if_none_match: &str) -> Finished {
        let mut headers: Vec<(&'static str, String)> =
            ALWAYS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.push(("Content-Type", self.content_type.to_owned()));
        headers.push(("Cache-Control", self.cache.to_owned()));
        headers.push(("Vary", VARY.to_owned()));
        headers.extend(self.extra);
        let gzip = self.body.len() > GZIP_FROM_BYTES && takes_gzip(accept_encoding);
        let (mut status, mut body) = (self.status, self.body);
        if status == 200 {
            // A strong tag identifies these very bytes, so the two encodings
            // differ.
            let etag = etag(self.state.as_deref(), &body, gzip);
            if matches(if_none_match, &etag) {
                (status, body) = (304, Vec::new());
            }
            headers.push(("ETag", etag));
        }
        if gzip && status != 304 {
            body = compressed(&body);
            headers.push(("Content-Encoding", "gzip".to_owned()));
        }
        Finished { status, headers, body }
    }
}

/// A problem as bytes on the wire, for the transport.
pub fn to_wire(problem: &Problem) -> Vec<u8> {
    let finished = Reply::problem(problem).finish("", "");
    let reason = tiny_http::StatusCode(finished.status).default_reason_phrase();
    let mut head = format!("HTTP/1.1 {} {reason}\r\nConnection: close\r\n", finished.status);
    for (name, value) in &finished.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", finished.body.len());
    let mut bytes = head.into_bytes();
    bytes.extend(finished.body);
    bytes
}

fn etag(state: Option<&str>, body: &[u8], gzip: bool) -> String {
    let end = if gzip { "-gz" } else { "" };
    let begin = state.map_or_else(String::new, |state| format!("{state}."));
    format!("\"{begin}{}{end}\"", hex(&Sha256::digest(body)[..16]))
}

/// The state that an `If-Match` header names, written as in a reply's JSON or
/// as the whole `ETag` of a reply; none for any state (`*`).
pub fn state_of(if_match: &str) -> Option<String> {
    let tag = if_match.trim();
    if tag == "*" {
        return None;
    }
    let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    Some(tag.split('.').next().unwrap_or_default().to_owned())
}

/// Whether `If-None-Match` names a version (RFC 9110 §13.1.2, weak comparison).
fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn takes_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or("");
        let refused = parts.filter_map(|part| part.strip_prefix("q=")).any(|q| {
            // What is not a number does not count as a preference.
            q.trim().parse::<f32>().map_or(true, |q| q <= 0.0)
        });
        (name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip")) && !refused
    })
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
