//! One client from its first byte to its last: head, body, reply, farewell,
//! each with a deadline of its own.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::body::BodyReader;
use super::head::{Head, HeadBuffer};
use super::seats::{Seat, Stage};
use super::{Gate, Rules, SLOWEST_BYTES_PER_MS, is_tick};
use crate::http::back::{Answer, Back};
use crate::http::early::Permit;
use crate::http::problem::{self, Problem};
use crate::http::reply;
use crate::http::upload::Sent;

/// How long we wait for a client to close, so that it reads its reply before
/// a reset takes it away.
const LINGER: Duration = Duration::from_millis(500);

/// How much of what a client still sends is read meanwhile; who sends more is
/// not listening.
const LINGER_BYTES: usize = 256 << 10;

/// Serves one request and ends the connection.
pub fn serve(seat: &Seat, rules: &Rules, gate: &Gate, back: &Back) {
    let _connected = rules.metrics.connected();
    // Head and body go out as they are; waiting for the client to say that it
    // has the first would cost 40 ms now and then.
    let _ = seat.stream.set_nodelay(true);
    let answered = match receive(&seat.stream, rules) {
        Received::Gone => return,
        Received::Wrong(problem) => Err(problem),
        Received::Head(mut head, rest) => {
            name_peer(&mut head, &seat.stream);
            match take_body(seat, rules, gate, &head, rest) {
                Ok(_) if !seat.at(Stage::Working) => return,
                Ok(brought) => back.ask(&head, brought, rules.reply),
                Err(problem) => Err(problem),
            }
        }
    };
    if !seat.at(Stage::Sending) {
        return;
    }
    if let Err(problem) = &answered {
        rules.metrics.refused(problem.kind.code);
    }
    let outcome = match answered {
        Ok(answer) => send_answer(seat, answer, rules.send),
        Err(problem) => send(seat, &mut reply::of_front(&problem).as_slice(), rules.send),
    };
    match outcome {
        Ok(()) => farewell(seat),
        Err(error) => log::debug!("an HTTP client did not take its reply: {error}"),
    }
}

/// Notes who the client is. One that is gone already is not of this machine.
fn name_peer(head: &mut Head, stream: &TcpStream) {
    let address = stream.peer_addr().map(|peer| peer.ip().to_canonical());
    head.local &= address.as_ref().is_ok_and(std::net::IpAddr::is_loopback);
    head.peer = address.map_or_else(|_| "gone".to_owned(), |address| address.to_string());
}

enum Received {
    /// The head, and what of the body came with it.
    Head(Head, Vec<u8>),
    Wrong(Problem),
    /// Left, or never said a word: nobody to answer.
    Gone,
}

/// Reads the head: all of it has one deadline, however it is cut up.
fn receive(mut stream: &TcpStream, rules: &Rules) -> Received {
    let until = Instant::now() + rules.head;
    let mut buffer = HeadBuffer::new(rules.head_bytes);
    let mut packet = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let late = left.is_zero() || stream.set_read_timeout(Some(left)).is_err();
        let count =
            match if late { Err(ErrorKind::TimedOut.into()) } else { stream.read(&mut packet) } {
                Ok(0) => return Received::Gone,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_tick(&error) && !buffer.is_empty() => {
                    let detail = format!("the head must come within {} ms", rules.head.as_millis());
                    return Received::Wrong(Problem::new(problem::SLOW_HEAD, detail));
                }
                Err(_) => return Received::Gone,
            };
        match buffer.push(&packet[..count]) {
            Ok(None) => {}
            Ok(Some(head)) => return Received::Head(head, buffer.rest()),
            Err(problem) => return Received::Wrong(problem),
        }
    }
}

/// Takes the body, if there is to be one. Nothing of it is read before it is
/// known that this client may send it.
fn take_body(
    seat: &Seat,
    rules: &Rules,
    gate: &Gate,
    head: &Head,
    rest: Vec<u8>,
) -> Result<Sent, Problem> {
    match gate(head)? {
        Permit::Nothing => Ok(Sent::Nothing),
        Permit::Form(most) => {
            let mut body = BodyReader::new(seat, head, rest, most, rules)?;
            let mut form = Vec::new();
            // The reader itself holds to the limit.
            match body.read_to_end(&mut form) {
                Ok(_) => Ok(Sent::Form(form.into())),
                Err(_) => Err(body.trouble().unwrap_or_else(cut_off)),
            }
        }
        Permit::Archive(intake) => {
            let mut body = BodyReader::new(seat, head, rest, intake.body_bytes(), rules)?;
            let received = intake.receive(&mut body);
            // What is wrong with the body goes before what comes of it.
            match body.trouble() {
                Some(problem) => Err(problem),
                None => received.map(|received| Sent::Archive(Arc::new(received))),
            }
        }
    }
}

fn cut_off() -> Problem {
    Problem::new(problem::MALFORMED, "the body ended before its end")
}

fn send_answer(seat: &Seat, mut answer: Answer, patience: Duration) -> std::io::Result<()> {
    answer.body.seek(SeekFrom::Start(0))?;
    let mut whole = answer.head.as_slice().chain(answer.body);
    send(seat, &mut whole, patience)
}

/// Sends at the client's pace, but not at any pace.
fn send(seat: &Seat, from: &mut impl Read, patience: Duration) -> std::io::Result<()> {
    let mut stream: &TcpStream = &seat.stream;
    let begun = Instant::now();
    let (mut taken, mut chunk) = (0_u64, vec![0; 64 << 10]);
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = &chunk[..count];
        while !rest.is_empty() {
            let until = begun + patience + Duration::from_millis(taken / SLOWEST_BYTES_PER_MS);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !seat.at(Stage::Sending) {
                return Err(ErrorKind::TimedOut.into());
            }
            // A client that takes nothing at all has `patience`, however much
            // it has taken before.
            stream.set_write_timeout(Some(left.min(patience)))?;
            match stream.write(rest) {
                Ok(count) => {
                    taken += count as u64;
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Lets the client read its reply: closing while bytes of its own are unread
/// would reset the connection under it.
fn farewell(seat: &Seat) {
    let mut stream: &TcpStream = &seat.stream;
    if stream.shutdown(Shutdown::Write).is_err() || !seat.at(Stage::Lingering) {
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
