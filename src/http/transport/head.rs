//! The head of a request: collected from packets under a limit, read strictly,
//! and written again in one canonical form for the upstream server.
//!
//! It does no I/O and keeps no time; the connection does.

use std::net::IpAddr;

use crate::http::problem::{self, Problem};

/// Most headers of a request.
const HEADERS: usize = 64;

/// Headers that are forwarded to the upstream server. All others (lengths,
/// codings, hop-by-hop) are dropped.
const FORWARDED: [&str; 17] = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "Host",
    "If-Match",
    "If-None-Match",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "X-Archive-Name",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
];

/// Headers of forwarded requests: the client is not on this machine, though the
/// connection comes from here.
const HANDED_ON: [&str; 6] =
    ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"];

/// Header with the client's address for the upstream server, which accepts it
/// from nobody else.
pub const PEER: &str = "X-Khlang-Peer";
/// Header that says that the client is on this machine.
pub const LOCAL: &str = "X-Khlang-Local";

/// The head of one request, complete and well-formed.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// Method, as sent.
    pub method: String,
    /// Path and query, beginning with `/`.
    pub target: String,
    /// Headers for the upstream server.
    pub forwarded: Vec<(&'static str, String)>,
    /// Length of the body that follows; `None` when it comes in chunks.
    pub body_bytes: Option<u64>,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub waits: bool,
    /// Address of the client, filled in by the connection.
    pub peer: String,
    /// Whether it names this machine and was not forwarded. Whether it comes
    /// from this machine is known to the connection.
    pub local: bool,
}

impl RequestHead {
    /// A forwarded header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.forwarded.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// A forwarded header, or one that this program adds; empty if there is
    /// none.
    pub fn said(&self, name: &str) -> &str {
        match name {
            PEER => &self.peer,
            LOCAL if self.local => "yes",
            LOCAL => "",
            _ => self.header(name).unwrap_or_default(),
        }
    }

    /// The path that is asked for, without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Written for the upstream server: one request, one reply, with `own`
    /// headers about the body.
    pub fn canonical(&self, own: &[(&str, String)]) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.target);
        let forwarded = self.forwarded.iter().map(|(name, value)| (*name, value));
        for name in [PEER, LOCAL].into_iter().filter(|name| !self.said(name).is_empty()) {
            text.extend([name, ": ", self.said(name), "\r\n"]);
        }
        for (name, value) in forwarded.chain(own.iter().map(|(name, value)| (*name, value))) {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// Collects a head from packets.
pub struct HeadBuffer {
    bytes: Vec<u8>,
    limit: usize,
    /// Where the head ends, once complete.
    end: usize,
}

impl HeadBuffer {
    /// An empty one, for a head of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, end: 0 }
    }

    /// Whether nothing has arrived yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The part of the body that arrived in the same packet. Pipelined requests
    /// are ignored: one request per connection.
    pub fn rest(mut self) -> Vec<u8> {
        self.bytes.split_off(self.end)
    }

    /// Adds a packet; returns the head once it is complete.
    pub fn push(&mut self, packet: &[u8]) -> Result<Option<RequestHead>, Problem> {
        let seen = self.bytes.len().saturating_sub(3);
        self.bytes.extend_from_slice(packet);
        // Old clients send an empty line before a request.
        let blank = self.bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if blank == self.bytes.len() {
            return self.or_too_large();
        }
        self.bytes.drain(..blank);
        let from = seen.saturating_sub(blank);
        let end = memchr::memmem::find(&self.bytes[from..], b"\r\n\r\n").map(|at| from + at + 4);
        let head = &self.bytes[..end.unwrap_or(self.bytes.len())];
        let bare = |at: usize| at == 0 || head[at - 1] != b'\r';
        if memchr::memchr_iter(b'\n', head).any(bare) {
            return Err(Problem::new(problem::MALFORMED, "a line ends without CR"));
        }
        match end {
            Some(end) if end <= self.limit => {
                self.end = end;
                parse(&self.bytes[..end]).map(Some)
            }
            _ => self.or_too_large(),
        }
    }

    fn or_too_large(&self) -> Result<Option<RequestHead>, Problem> {
        if self.bytes.len() < self.limit {
            return Ok(None);
        }
        let detail = format!("a head has at most {} bytes", self.limit);
        Err(Problem::new(problem::HEAD_SIZE, detail))
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(problem::MALFORMED, detail)
}

/// Reads a whole head.
fn parse(bytes: &[u8]) -> Result<RequestHead, Problem> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(malformed("the head has no end")),
        Err(httparse::Error::TooManyHeaders) => {
            let detail = format!("a request has at most {HEADERS} headers");
            return Err(Problem::new(problem::HEAD_SIZE, detail));
        }
        Err(httparse::Error::Version) => return Err(Problem::new(problem::VERSION, "")),
        Err(error) => return Err(malformed(&error.to_string())),
    }
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(malformed("the request line is not complete"));
    };
    let (authority, target) = split_target(target)?;
    let host = host(authority, request.headers, version)?;
    let handed_on = HANDED_ON.iter().any(|name| values(request.headers, name).next().is_some());
    Ok(RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        forwarded: forwarded(request.headers),
        body_bytes: body_bytes(request.headers)?,
        waits: waits(request.headers, version)?,
        peer: String::new(),
        local: host.is_none_or(is_loopback) && !handed_on,
    })
}

/// Path and query of a target; also its authority, in the form for proxies.
fn split_target(target: &str) -> Result<(Option<&str>, &str), Problem> {
    if !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed("the address has a character that must be escaped"));
    }
    if target.starts_with('/') {
        return Ok((None, target));
    }
    let rest = target.strip_prefix("http://").ok_or_else(|| malformed("no path to ask for"))?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let path = if rest[at..].starts_with('/') { &rest[at..] } else { "/" };
    Ok((Some(&rest[..at]), path))
}

/// Values of a header.
fn values<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value)
}

/// The host that the client asks for. Every HTTP/1.1 request names one.
fn host<'a>(
    authority: Option<&'a str>,
    headers: &'a [httparse::Header<'a>],
    version: u8,
) -> Result<Option<&'a str>, Problem> {
    let mut hosts = values(headers, "Host");
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(malformed("more than one Host header"));
    }
    if host.is_none() && version == 1 {
        return Err(malformed("no Host header"));
    }
    let host = host.map(|host| std::str::from_utf8(host).map_err(|_| malformed("Host")));
    Ok(authority.or(host.transpose()?))
}

/// Whether a host names this machine. A page of another site whose name was
/// pointed at 127.0.0.1 (DNS rebinding) gives that site's name here.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn forwarded(headers: &[httparse::Header]) -> Vec<(&'static str, String)> {
    let mut list = Vec::new();
    for name in FORWARDED {
        let texts: Vec<&str> = values(headers, name)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .filter(|value| value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()))
            .collect();
        if !texts.is_empty() {
            // Cookies are joined otherwise than items of a list (RFC 9113
            // §8.2.3).
            let between = if name == "Cookie" { "; " } else { ", " };
            list.push((name, texts.join(between)));
        }
    }
    list
}

/// Whether the client waits for `100 Continue`, which HTTP/1.0 does not know.
fn waits(headers: &[httparse::Header], version: u8) -> Result<bool, Problem> {
    let mut wishes = values(headers, "Expect").filter(|_| version == 1);
    match wishes.next() {
        None => Ok(false),
        Some(wish) if wish.eq_ignore_ascii_case(b"100-continue") => Ok(true),
        Some(_) => Err(Problem::new(problem::EXPECTATION, "only 100-continue is known")),
    }
}

/// The length of the body; `None` for chunks. Contradicting lengths are how
/// requests are smuggled past a proxy, so they are refused.
fn body_bytes(headers: &[httparse::Header]) -> Result<Option<u64>, Problem> {
    let mut lengths = values(headers, "Content-Length").map(|value| {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits);
        text.and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| malformed("Content-Length"))
    });
    let length = lengths.next().transpose()?;
    if lengths.next().is_some() {
        return Err(malformed("more than one Content-Length"));
    }
    let mut codings = values(headers, "Transfer-Encoding");
    match (codings.next(), length) {
        (None, length) => Ok(Some(length.unwrap_or(0))),
        (Some(_), Some(_)) => Err(malformed("Content-Length beside Transfer-Encoding")),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
            if codings.next().is_some() {
                return Err(malformed("more than one Transfer-Encoding"));
            }
            Ok(None)
        }
        (Some(_), None) => Err(Problem::new(problem::TRANSFER_CODING, "only chunked is known")),
    }
}
