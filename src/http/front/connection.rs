//! One client from its first byte to its last: head, body, reply, farewell,
//! each with a deadline of its own.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::body::{BodyReader, Kind};
use super::head::{Head, HeadBuffer};
use super::pace::Due;
use super::peer;
use super::seats::{Refused, Seat, Stage};
use super::{Gate, Rules, SEAT_WAIT, is_tick};
use crate::http::back::{Answer, Back};
use crate::http::early::Permit;
use crate::http::guesses::network;
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
            peer::name(&mut head, &seat.stream, &rules.trusted);
            match receive_all(seat, rules, gate, &head, rest) {
                Brought::Gone => return,
                Brought::Wrong(problem) => Err(problem),
                Brought::All { .. } if !seat.at(Stage::Working) => return,
                Brought::All { with, always } => back.ask(&head, with, always, rules.reply),
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
        Ok(answer) => send_answer(seat, answer, rules),
        Err(problem) => send(seat, &mut reply::of_front(&problem).as_slice(), rules),
    };
    match outcome {
        Ok(()) => farewell(seat),
        Err(error) => log::debug!("an HTTP client did not take its reply: {error}"),
    }
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

/// What there is to ask once all of a request has come.
enum Brought {
    All {
        /// What came with it.
        with: Sent,
        /// It is answered whatever else is going on.
        always: bool,
    },
    Wrong(Problem),
    /// The seat is somebody else's.
    Gone,
}

/// Takes the body, if there is to be one. Nothing of it is read before it is
/// known that this client may send it, and that there is a seat for it.
fn receive_all(seat: &Seat, rules: &Rules, gate: &Gate, head: &Head, rest: Vec<u8>) -> Brought {
    let permit = match gate(head) {
        Ok(permit) => permit,
        Err(problem) => return Brought::Wrong(problem),
    };
    let always = matches!(permit, Permit::Always);
    match seat.named(&network(&head.peer), always, SEAT_WAIT) {
        Ok(()) => {}
        Err(Refused::Gone) => return Brought::Gone,
        Err(Refused::Full) => return Brought::Wrong(super::full()),
    }
    match take_body(seat, rules, permit, head, rest) {
        Ok(with) => Brought::All { with, always },
        Err(problem) => Brought::Wrong(problem),
    }
}

fn take_body(
    seat: &Seat,
    rules: &Rules,
    permit: Permit,
    head: &Head,
    rest: Vec<u8>,
) -> Result<Sent, Problem> {
    match permit {
        Permit::Nothing | Permit::Always => Ok(Sent::Nothing),
        Permit::Form(most) => {
            let mut body = BodyReader::new(seat, head, rest, (Kind::Form, most), rules)?;
            let mut form = Vec::new();
            // The reader itself holds to the limit.
            match body.read_to_end(&mut form) {
                Ok(_) => Ok(Sent::Form(form.into())),
                Err(_) => Err(body.trouble().unwrap_or_else(cut_off)),
            }
        }
        Permit::Archive(intake) => {
            let most = intake.body_bytes();
            let mut body = BodyReader::new(seat, head, rest, (Kind::Archive, most), rules)?;
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

fn send_answer(seat: &Seat, mut answer: Answer, rules: &Rules) -> std::io::Result<()> {
    answer.body.seek(SeekFrom::Start(0))?;
    let mut whole = answer.head.as_slice().chain(answer.body);
    send(seat, &mut whole, rules)
}

/// Sends at the client's pace, but not at any pace.
fn send(seat: &Seat, from: &mut impl Read, rules: &Rules) -> std::io::Result<()> {
    let mut stream: &TcpStream = &seat.stream;
    let mut due = Due::at_rate(Instant::now(), rules.send, rules.least_rate);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = &chunk[..count];
        while !rest.is_empty() {
            let left = due.left(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_write_timeout(Some(left))?;
            match stream.write(rest) {
                Ok(count) => {
                    due.earn(count as u64, Instant::now());
                    if !seat.moved(count) {
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
