//! Asks this server, as a client would, whether it still answers: for the
//! watchdog of systemd, and to restart an upstream that hangs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::timing::TICK;
use super::upstream::Upstream;

/// How often it asks.
const EVERY: Duration = Duration::from_secs(5);

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// So many questions in a row without an answer, and the server behind is
/// made anew.
const FAILURES: u32 = 3;

/// Asks until it is told to stop; keeps `answering` true to life.
pub fn run(address: SocketAddr, upstream: &Upstream, answering: &AtomicBool, stop: &AtomicBool) {
    let mut failures = 0;
    let mut next = Instant::now() + EVERY;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + EVERY;
        match ask(address) {
            Ok(200) => failures = 0,
            // Full, but the front is alive; making the rest anew helps nobody.
            Ok(503) => {}
            Ok(status) => log::warn!("HTTP answers its own probe with {status}"),
            // It is ourselves who could not ask.
            Err(error) if no_descriptors(&error) => log::warn!("no probe of HTTP: {error}"),
            Err(error) => {
                failures += 1;
                log::warn!("HTTP does not answer its own probe: {error}");
            }
        }
        answering.store(failures == 0, Ordering::Relaxed);
        if failures >= FAILURES {
            log::error!("HTTP has not answered {failures} probes; it is made anew");
            upstream.request_restart();
            failures = 0;
        }
    }
}

fn no_descriptors(error: &std::io::Error) -> bool {
    let out = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    out.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The status of the answer.
fn ask(address: SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    let status = std::str::from_utf8(&start[9..]).ok().and_then(|text| text.parse().ok());
    status.ok_or_else(|| std::io::Error::other("not an HTTP reply"))
}
