//! Entry points for the fuzzer (`fuzz/`): the parsers of client input, as
//! functions of bytes. No other build has them.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDateTime;

use super::params::read_query;
use super::problem::Problem;
use super::routes::{self, ENDPOINTS, RouteMatch};
use super::transport::head::HeadBuffer;
use super::upload::UploadRequest;
use crate::environment::Environment;

/// An archive as it was received.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// File name.
    pub name: String,
    /// Content of the file.
    pub content: Vec<u8>,
    /// SHA-256 in hex, computed while receiving.
    pub sha256: String,
    /// Size in bytes, counted while receiving.
    pub bytes: u64,
}

fn told(problem: &Problem) -> String {
    format!("{}: {}", problem.kind.code(), problem.detail)
}

/// Bytes that arrive a few at a time.
struct Packets<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl Read for Packets<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.size.min(out.len()).min(self.bytes.len());
        let (now, rest) = self.bytes.split_at(count);
        out[..count].copy_from_slice(now);
        self.bytes = rest;
        Ok(count)
    }
}

/// Receives a whole request in packets of `packet` bytes: a head, followed by
/// an archive as it is or as the file of a form. None when the head is
/// incomplete.
pub fn upload(
    environment: &Arc<Environment>,
    folder: &Path,
    now: NaiveDateTime,
    request: &[u8],
    packet: usize,
) -> Result<Option<Taken>, String> {
    let packet = packet.max(1);
    let mut buffer = HeadBuffer::new(environment.config.limits.head_bytes);
    let mut packets = request.chunks(packet);
    let head = loop {
        let Some(next) = packets.next() else { return Ok(None) };
        if let Some(head) = buffer.push(next).map_err(|e| told(&e))? {
            break head;
        }
    };
    let mut body = buffer.rest();
    packets.for_each(|next| body.extend_from_slice(next));
    let upload_request =
        UploadRequest::bare(folder.to_owned(), Arc::clone(environment), now, &head);
    let upload_request = upload_request.map_err(|e| told(&e))?;
    let mut reader = Packets { bytes: &body, size: packet };
    let received = upload_request.receive(&mut reader).map_err(|e| told(&e))?;
    let path = received.take().ok_or("taken before it was given")?;
    let content = std::fs::read(&path).map_err(|e| e.to_string())?;
    let upload = received.upload.clone();
    Ok(Some(Taken { name: upload.name, content, sha256: upload.sha256, bytes: upload.bytes }))
}

/// How many routes there are.
pub fn routes() -> usize {
    ENDPOINTS.len()
}

/// Reads a query against the parameters of an endpoint.
pub fn query(
    route: usize,
    query: &str,
    rows: u64,
    strict: bool,
) -> Result<Vec<(&'static str, String)>, String> {
    let params = ENDPOINTS[route % ENDPOINTS.len()].params;
    read_query(query, params, rows, strict).map_err(|problem| told(&problem))
}

/// The path of the route that a path leads to.
pub fn find(method: &str, path: &str) -> Option<&'static str> {
    match routes::find(method, path) {
        RouteMatch::Route(route, _) => Some(route.endpoint.path),
        RouteMatch::OtherMethods(_) | RouteMatch::NotFound => None,
    }
}
