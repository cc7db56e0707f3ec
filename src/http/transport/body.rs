//! The body of a request as it arrives: with a length or in chunks, under a
//! limit, at the client's pace but not below the minimum rate.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::connection_pool::{ConnectionSlot, Stage};
use super::head::RequestHead;
use super::limits::ConnectionLimits;
use super::timing::is_timeout;
use super::transfer_rate::Deadline;
use crate::http::problem::{self, Problem};

/// Longest line between chunks (its size and extensions), and longest trailer.
const LINE_BYTES: usize = 4096;

/// How much is read from the client at a time, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// What is left of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remaining {
    /// This many bytes, then it ends.
    Bytes(u64),
    /// This many bytes of a chunk, then the end of its line.
    Chunk(u64),
    /// The line with the size of the next chunk.
    Size,
    /// Trailer lines after the last chunk, up to an empty one.
    Trailer,
    /// Nothing.
    Nothing,
}

/// Kind of a body, which decides its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// A few fields: one deadline for all of it, like a head.
    Form,
    /// An archive: as long as it arrives at the minimum rate.
    Archive,
}

/// Reads the body of one request.
pub struct BodyReader<'a> {
    slot: &'a ConnectionSlot,
    /// Bytes that have arrived and are not used yet, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    left: Remaining,
    /// Most bytes of the body, and those that have arrived.
    most: u64,
    taken: u64,
    /// When more must have arrived.
    deadline: Deadline,
    /// Detail of the problem when it is late.
    late: String,
    /// The problem with the body, for the reply.
    trouble: Option<Problem>,
}

impl<'a> BodyReader<'a> {
    /// The body after a head. `rest` is the part that arrived with the head; a
    /// client that waits for `100 Continue` gets it here.
    pub fn new(
        slot: &'a ConnectionSlot,
        head: &RequestHead,
        rest: Vec<u8>,
        (kind, most): (BodyKind, u64),
        limits: &ConnectionLimits,
    ) -> Result<Self, Problem> {
        if head.body_bytes.is_some_and(|bytes| bytes > most) {
            return Err(too_large(most));
        }
        let left = match head.body_bytes {
            Some(bytes) => Remaining::Bytes(bytes),
            None => Remaining::Size,
        };
        if head.waits && rest.is_empty() {
            let mut stream: &TcpStream = &slot.stream;
            let said = stream.set_write_timeout(Some(limits.send));
            // A client that is gone is noticed at the first read.
            let _ = said.and_then(|()| stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n"));
        }
        let (now, rate) = (Instant::now(), limits.least_rate);
        let (stage, deadline, late) = match kind {
            BodyKind::Form => {
                let late = format!("a form must come within {} ms", limits.form.as_millis());
                (Stage::Form, Deadline::once(now, limits.form), late)
            }
            BodyKind::Archive => {
                let late = format!("an archive comes at {rate} bytes a second or faster");
                (Stage::Receiving, Deadline::at_rate(now, limits.body, rate), late)
            }
        };
        // Whether the slot has been lost is noticed at the first read.
        slot.at(stage);
        Ok(Self { slot, buffer: rest, at: 0, left, most, taken: 0, deadline, late, trouble: None })
    }

    /// The problem with the body, when reading it failed.
    pub fn trouble(&mut self) -> Option<Problem> {
        self.trouble.take()
    }

    fn wrong(&mut self, problem: Problem) -> Error {
        self.trouble.get_or_insert(problem);
        Error::other("the body is not well-formed")
    }

    /// Reads more from the client, before the deadline.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.at < self.buffer.len() {
            return Ok(());
        }
        let mut stream: &TcpStream = &self.slot.stream;
        self.buffer.resize(BUFFER_BYTES, 0);
        self.at = 0;
        loop {
            let left = self.deadline.left(Instant::now());
            let late = left.is_zero() || stream.set_read_timeout(Some(left)).is_err();
            let got =
                if late { Err(ErrorKind::TimedOut.into()) } else { stream.read(&mut self.buffer) };
            let error = match got {
                Ok(count) if count > 0 && self.slot.moved(count) => {
                    self.buffer.truncate(count);
                    self.deadline.earn(count as u64, Instant::now());
                    return Ok(());
                }
                Ok(_) => Problem::new(problem::MALFORMED, "the body ended before its end"),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => {
                    Problem::new(problem::SLOW_BODY, self.late.clone())
                }
                Err(_) => Problem::new(problem::MALFORMED, "the connection broke"),
            };
            self.buffer.clear();
            return Err(self.wrong(error));
        }
    }

    /// A line, without its end.
    fn line(&mut self) -> std::io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            self.fill()?;
            let byte = self.buffer[self.at];
            self.at += 1;
            match byte {
                b'\n' if line.last() == Some(&b'\r') => {
                    line.pop();
                    return Ok(line);
                }
                b'\n' => return Err(self.wrong(malformed("a line of a chunk ends without CR"))),
                _ if line.len() >= LINE_BYTES => {
                    return Err(self.wrong(malformed("a line of a chunk is too long")));
                }
                _ => line.push(byte),
            }
        }
    }

    /// The size of the next chunk.
    fn size(&mut self) -> std::io::Result<u64> {
        let mut line = self.line()?;
        let strict = line.first().is_some_and(u8::is_ascii_hexdigit);
        line.extend(b"\r\n");
        match httparse::parse_chunk_size(&line) {
            Ok(httparse::Status::Complete((_, size))) if strict => Ok(size),
            _ => Err(self.wrong(malformed("the size of a chunk"))),
        }
    }

    /// Skips trailer lines.
    fn trailer(&mut self) -> std::io::Result<()> {
        let mut bytes = 0;
        loop {
            let line = self.line()?;
            bytes += line.len();
            if line.is_empty() {
                return Ok(());
            }
            if bytes > LINE_BYTES {
                return Err(self.wrong(malformed("the trailer is too long")));
            }
        }
    }

    /// Advances to the next bytes of the body, or to its end.
    fn advance(&mut self) -> std::io::Result<()> {
        loop {
            self.left = match self.left {
                Remaining::Chunk(0) => {
                    if !self.line()?.is_empty() {
                        return Err(self.wrong(malformed("a chunk has no end")));
                    }
                    Remaining::Size
                }
                Remaining::Size => match self.size()? {
                    0 => Remaining::Trailer,
                    size if size > self.most - self.taken => {
                        let most = self.most;
                        return Err(self.wrong(too_large(most)));
                    }
                    size => Remaining::Chunk(size),
                },
                Remaining::Trailer => {
                    self.trailer()?;
                    Remaining::Nothing
                }
                Remaining::Bytes(0) => Remaining::Nothing,
                Remaining::Bytes(_) | Remaining::Chunk(_) | Remaining::Nothing => return Ok(()),
            };
        }
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.advance()?;
        let (Remaining::Bytes(left) | Remaining::Chunk(left)) = self.left else { return Ok(0) };
        if into.is_empty() {
            return Ok(0);
        }
        self.fill()?;
        let count = into.len().min(self.buffer.len() - self.at).min(left as usize);
        into[..count].copy_from_slice(&self.buffer[self.at..self.at + count]);
        self.at += count;
        self.taken += count as u64;
        match &mut self.left {
            Remaining::Bytes(left) | Remaining::Chunk(left) => *left -= count as u64,
            _ => {}
        }
        Ok(count)
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(problem::MALFORMED, detail)
}

fn too_large(most: u64) -> Problem {
    Problem::new(problem::BODY_SIZE, format!("a body has at most {most} bytes here"))
}
