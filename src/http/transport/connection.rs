//! One client from its first byte to its last: head, body, reply, close, each
//! with a deadline of its own.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::body::{BodyKind, BodyReader};
use super::connection_pool::{ConnectionSlot, Refused, Stage};
use super::head::{HeadBuffer, RequestHead};
use super::limits::ConnectionLimits;
use super::peer;
use super::timing::{SLOT_WAIT, is_timeout};
use super::transfer_rate::Deadline;
use super::upstream::{Upstream, UpstreamReply};
use crate::access::client_network;
use crate::http::admission::BodyPolicy;
use crate::http::problem::{self, Problem};
use crate::http::reply;
use crate::http::upload::RequestBody;

/// Decides from a head which body may follow it. The transport itself knows no
/// routes.
pub type AdmissionCheck = dyn Fn(&RequestHead) -> Result<BodyPolicy, Problem> + Send + Sync;

/// How long we wait for a client to close, so that it reads its reply before
/// a reset takes it away.
const LINGER: Duration = Duration::from_millis(500);

/// How much a client may still send meanwhile, in bytes; one that sends more is
/// not listening.
const LINGER_BYTES: usize = 256 << 10;

/// Serves one request and ends the connection.
pub fn serve(
    slot: &ConnectionSlot,
    limits: &ConnectionLimits,
    admit: &AdmissionCheck,
    upstream: &Upstream,
) {
    let _connected = limits.metrics.connected();
    // Head and body are sent at once: waiting for the client to acknowledge the
    // first would cost 40 ms now and then.
    let _ = slot.stream.set_nodelay(true);
    let answered = match receive(&slot.stream, limits) {
        HeadResult::Gone => return,
        HeadResult::Wrong(problem) => Err(problem),
        HeadResult::Head(mut head, rest) => {
            peer::name(&mut head, &slot.stream, &limits.trusted);
            match receive_all(slot, limits, admit, &head, rest) {
                BodyResult::Gone => return,
                BodyResult::Wrong(problem) => Err(problem),
                BodyResult::All { .. } if !slot.at(Stage::Working) => return,
                BodyResult::All { with, always } => upstream.ask(&head, with, always, limits.reply),
            }
        }
    };
    if !slot.at(Stage::Sending) {
        return;
    }
    if let Err(problem) = &answered {
        limits.metrics.refused(problem.kind.code());
    }
    let outcome = match answered {
        Ok(answer) => send_reply(slot, answer, limits),
        Err(problem) => send(slot, &mut reply::to_wire(&problem).as_slice(), limits),
    };
    match outcome {
        Ok(()) => linger_close(slot),
        Err(error) => log::debug!("an HTTP client did not take its reply: {error}"),
    }
}

enum HeadResult {
    /// The head, and the part of the body that arrived with it.
    Head(RequestHead, Vec<u8>),
    Wrong(Problem),
    /// The client has left, or never sent anything: nobody to answer.
    Gone,
}

/// Reads the head; one deadline holds for all of it.
fn receive(mut stream: &TcpStream, limits: &ConnectionLimits) -> HeadResult {
    let until = Instant::now() + limits.head;
    let mut buffer = HeadBuffer::new(limits.head_bytes);
    let mut packet = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let late = left.is_zero() || stream.set_read_timeout(Some(left)).is_err();
        let count =
            match if late { Err(ErrorKind::TimedOut.into()) } else { stream.read(&mut packet) } {
                Ok(0) => return HeadResult::Gone,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) && !buffer.is_empty() => {
                    let detail =
                        format!("the head must come within {} ms", limits.head.as_millis());
                    return HeadResult::Wrong(Problem::new(problem::SLOW_HEAD, detail));
                }
                Err(_) => return HeadResult::Gone,
            };
        match buffer.push(&packet[..count]) {
            Ok(None) => {}
            Ok(Some(head)) => return HeadResult::Head(head, buffer.rest()),
            Err(problem) => return HeadResult::Wrong(problem),
        }
    }
}

/// A request once all of it has arrived.
enum BodyResult {
    All {
        /// The body.
        with: RequestBody,
        /// Whether it is answered however busy the program is.
        always: bool,
    },
    Wrong(Problem),
    /// The slot has been lost.
    Gone,
}

/// Reads the body, if there may be one. Nothing of it is read before it is
/// known that this client may send it, and that there is a slot for it.
fn receive_all(
    slot: &ConnectionSlot,
    limits: &ConnectionLimits,
    admit: &AdmissionCheck,
    head: &RequestHead,
    rest: Vec<u8>,
) -> BodyResult {
    let policy = match admit(head) {
        Ok(policy) => policy,
        Err(problem) => return BodyResult::Wrong(problem),
    };
    let always = matches!(policy, BodyPolicy::Always);
    match slot.named(&client_network(&head.peer), always, SLOT_WAIT) {
        Ok(()) => {}
        Err(Refused::Gone) => return BodyResult::Gone,
        Err(Refused::Full) => return BodyResult::Wrong(refusal_when_full()),
    }
    match take_body(slot, limits, policy, head, rest) {
        Ok(with) => BodyResult::All { with, always },
        Err(problem) => BodyResult::Wrong(problem),
    }
}

fn take_body(
    slot: &ConnectionSlot,
    limits: &ConnectionLimits,
    policy: BodyPolicy,
    head: &RequestHead,
    rest: Vec<u8>,
) -> Result<RequestBody, Problem> {
    match policy {
        BodyPolicy::Nothing | BodyPolicy::Always => Ok(RequestBody::Nothing),
        BodyPolicy::Form(most) => {
            let mut body = BodyReader::new(slot, head, rest, (BodyKind::Form, most), limits)?;
            let mut form = Vec::new();
            // The reader enforces the limit.
            match body.read_to_end(&mut form) {
                Ok(_) => Ok(RequestBody::Form(form.into())),
                Err(_) => Err(body.trouble().unwrap_or_else(cut_off)),
            }
        }
        BodyPolicy::Archive(upload) => {
            let most = upload.body_bytes();
            let mut body = BodyReader::new(slot, head, rest, (BodyKind::Archive, most), limits)?;
            let received = upload.receive(&mut body);
            // A problem with the body comes before one with the archive.
            match body.trouble() {
                Some(problem) => Err(problem),
                None => received.map(|received| RequestBody::Archive(Arc::new(received))),
            }
        }
    }
}

/// There is no connection slot for a client, or it has lost its own.
pub fn refusal_when_full() -> Problem {
    Problem::new(problem::CONNECTIONS, "try again in a moment")
}

fn cut_off() -> Problem {
    Problem::new(problem::MALFORMED, "the body ended before its end")
}

fn send_reply(
    slot: &ConnectionSlot,
    mut answer: UpstreamReply,
    limits: &ConnectionLimits,
) -> std::io::Result<()> {
    answer.body.seek(SeekFrom::Start(0))?;
    let mut whole = answer.head.as_slice().chain(answer.body);
    send(slot, &mut whole, limits)
}

/// Sends at the client's pace, but not below the minimum rate.
fn send(
    slot: &ConnectionSlot,
    from: &mut impl Read,
    limits: &ConnectionLimits,
) -> std::io::Result<()> {
    let mut stream: &TcpStream = &slot.stream;
    let mut deadline = Deadline::at_rate(Instant::now(), limits.send, limits.least_rate);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = &chunk[..count];
        while !rest.is_empty() {
            let left = deadline.left(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_write_timeout(Some(left))?;
            match stream.write(rest) {
                Ok(count) => {
                    deadline.earn(count as u64, Instant::now());
                    if !slot.moved(count) {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Lets the client read its reply: closing while bytes of its own are unread
/// would reset the connection.
fn linger_close(slot: &ConnectionSlot) {
    let mut stream: &TcpStream = &slot.stream;
    if stream.shutdown(Shutdown::Write).is_err() || !slot.at(Stage::Lingering) {
        return;
    }
    let until = Instant::now() + LINGER;
    let mut waste = [0; 4096];
    let mut wasted = 0;
    while wasted < LINGER_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut waste) {
            Ok(count) if count > 0 => wasted += count,
            _ => return,
        }
    }
}
