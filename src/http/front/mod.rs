//! The bounded reader in front of `tiny_http`.
//!
//! `tiny_http` has no timeouts, no limit on heads, and a thread for whoever
//! connects; so it never sees a client. Here is our own accept loop with a
//! bounded number of seats, a deadline for every step and a limit on every
//! size. What is whole and well-formed is handed on, one request a connection;
//! its reply is taken whole and sent at the client's pace. What the reply says
//! is not decided here.

mod body;
mod connection;
pub mod head;
mod pace;
mod peer;
mod seats;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::back::Back;
use super::early::Permit;
use super::guesses::network;
use super::metrics::Metrics;
use super::problem::{self, Problem};
use super::reply;
use crate::config::{Config, Networks};
#[cfg(test)]
pub use seats::RESERVED;
use seats::{Seat, Seats};

/// How often a loop that waits looks whether it shall end.
pub const TICK: Duration = Duration::from_millis(200);

/// Pause after an accept that failed: for want of descriptors, it would fail
/// again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that the system holds for us until we accept them.
const BACKLOG: i32 = 1024;

/// How long, and how many, refused clients are kept from a reset that would
/// take the refusal away before it is read.
const REFUSED_KEPT: (Duration, usize) = (Duration::from_millis(500), 64);

/// Descriptors that are kept for everything but clients.
const DESCRIPTORS_KEPT: usize = 128;

/// The client, and both ends of the way to the server behind, which holds its
/// end three times; a reply on disk.
const DESCRIPTORS_PER_SEAT: usize = 6;

/// How long a newcomer waits for a seat when all are being answered. After one
/// has waited in vain, nobody waits until there is a seat again: else a crowd
/// would wait one after the other.
const SEAT_WAIT: Duration = Duration::from_millis(500);

/// Stack of a connection's thread; what it holds is on the heap.
const STACK_BYTES: usize = 256 << 10;

/// Says from a head what may come behind it. The front knows no route itself.
pub type Gate = dyn Fn(&head::Head) -> Result<Permit, Problem> + Send + Sync;

/// Says whether clients of other machines are to be let in at all.
pub type Guarded = dyn Fn() -> bool + Send + Sync;

/// Limits and deadlines of a connection.
pub struct Rules {
    /// For the whole head to arrive.
    pub head: Duration,
    /// For a whole form to arrive.
    pub form: Duration,
    /// For an archive of which nothing comes.
    pub body: Duration,
    /// For a client that takes nothing of its reply.
    pub send: Duration,
    /// For the reply to be ready.
    pub reply: Duration,
    /// What a client sends of an archive, or takes of a reply, at least:
    /// bytes a second.
    pub least_rate: u64,
    /// Largest head.
    pub head_bytes: usize,
    /// Proxies whose word on their clients counts.
    pub trusted: Networks,
    /// Where clients are counted.
    pub metrics: Arc<Metrics>,
}

impl Rules {
    /// As configured. A reply may wait in line behind queries that take all
    /// the time they may.
    pub fn of(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            head: config.http.head.0,
            form: config.http.form.0,
            body: config.http.body.0,
            send: config.http.send.0,
            reply: Duration::from_millis(config.limits.query_ms) * 2 + Duration::from_secs(5),
            least_rate: config.http.least_rate,
            head_bytes: config.limits.head_bytes,
            trusted: config.http.trusted_proxies.clone(),
            metrics,
        }
    }
}

/// Binds the address on which clients come in. Other machines may come in only
/// when everybody needs a token.
pub fn bind(config: &Config, guarded: bool) -> anyhow::Result<TcpListener> {
    let address = config.http.listen;
    if !address.ip().is_loopback() && !guarded {
        bail!(
            "http.listen = {address}: only this machine can be served until there is a token; \
             make one (khlang token create), or use 127.0.0.1 or [::1]"
        );
    }
    let listen = || -> std::io::Result<TcpListener> {
        let kind = Domain::for_address(address);
        let socket = Socket::new(kind, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        // Accepted sockets inherit both: who is gone without a word is noticed.
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(config.http.send.0))?;
        let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15));
        socket.set_tcp_keepalive(&keepalive.with_interval(Duration::from_secs(5)))?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        // Accept comes back empty-handed now and then, to see whether to stop.
        socket.set_read_timeout(Some(TICK))?;
        Ok(socket.into())
    };
    listen().with_context(|| format!("http.listen = {address}: cannot listen there"))
}

/// Takes clients in until it is told to stop.
pub struct Front {
    listener: TcpListener,
    seats: Arc<Seats>,
    rules: Arc<Rules>,
    gate: Arc<Gate>,
    guarded: Arc<Guarded>,
    back: Arc<Back>,
}

impl Front {
    /// In front of `back`, on a listener that [`bind`] made.
    pub fn new(
        listener: TcpListener,
        config: &Config,
        (gate, guarded): (Arc<Gate>, Arc<Guarded>),
        (back, metrics): (Arc<Back>, Arc<Metrics>),
    ) -> Self {
        let told = Arc::clone(&metrics);
        let dismiss = move |stream: &TcpStream| {
            told.refused(problem::CONNECTIONS.code);
            refuse(stream, &full());
        };
        let (limit, per_peer) =
            (seats(config.limits.connections), config.limits.connections_per_peer);
        let seats = Seats::new(limit, per_peer, Box::new(dismiss));
        Self { listener, seats, rules: Arc::new(Rules::of(config, metrics)), gate, guarded, back }
    }

    /// The accept loop. Nothing but `stop` ends it.
    pub fn run(&self, stop: &AtomicBool) {
        let mut refused: VecDeque<(Instant, TcpStream)> = VecDeque::new();
        let (mut failing, mut full) = (false, false);
        while !stop.load(Ordering::Relaxed) {
            while refused.front().is_some_and(|(at, _)| at.elapsed() > REFUSED_KEPT.0) {
                refused.pop_front();
            }
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    failing = false;
                    let patience = if full { Duration::ZERO } else { SEAT_WAIT };
                    let back = self.take_in(stream, peer, patience);
                    full = back.is_some();
                    if let Some(stream) = back {
                        refused.push_back((Instant::now(), stream));
                        if refused.len() > REFUSED_KEPT.1 {
                            refused.pop_front();
                        }
                    }
                }
                Err(error) if is_tick(&error) => {}
                Err(error) => {
                    if !failing {
                        log::error!("accepting an HTTP client: {error}; still trying");
                    }
                    failing = true;
                    refused.clear();
                    std::thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
        self.seats.clear(Duration::from_secs(3));
    }

    /// Gives a client a seat and a thread; gives it back when it is refused.
    fn take_in(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        patience: Duration,
    ) -> Option<TcpStream> {
        if !peer.ip().to_canonical().is_loopback() && !(self.guarded)() {
            refuse(&stream, &Problem::new(problem::NOT_LOCAL, ""));
            return Some(stream);
        }
        // Of whom a proxy speaks is known when the head has come.
        let known = !self.rules.trusted.has(peer.ip());
        let peer = known.then(|| network(&peer.ip().to_string()));
        let seat = match self.seats.admit(stream, peer, patience) {
            Ok(seat) => seat,
            Err(stream) => {
                self.rules.metrics.refused(problem::CONNECTIONS.code);
                refuse(&stream, &full());
                return Some(stream);
            }
        };
        self.start(seat);
        None
    }

    fn start(&self, seat: Seat) {
        let (rules, gate, back) = (self.rules.clone(), self.gate.clone(), self.back.clone());
        let thread = std::thread::Builder::new().name("http-client".into()).stack_size(STACK_BYTES);
        // Without a thread the seat is dropped, and with it the connection.
        if let Err(error) = thread.spawn(move || connection::serve(&seat, &rules, &*gate, &back)) {
            log::error!("a thread for an HTTP client: {error}");
        }
    }
}

/// As many seats as configured, or as there are descriptors for: the loader
/// and the database must never find that clients have taken the last one.
fn seats(configured: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let room = limit.map_or(configured, |limit| {
        (limit as usize).saturating_sub(DESCRIPTORS_KEPT) / DESCRIPTORS_PER_SEAT
    });
    if room < configured {
        log::warn!("limits.connections = {configured}, but descriptors are enough for {room} only");
    }
    configured.min(room).max(1)
}

/// Somebody has no seat, or loses it.
fn full() -> Problem {
    Problem::new(problem::CONNECTIONS, "try again in a moment")
}

/// Says no without waiting for anything.
fn refuse(mut stream: &TcpStream, problem: &Problem) {
    // Each step may fail when the client is gone, and then nobody is told.
    let _ = stream.set_nonblocking(true);
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write(&reply::of_front(problem));
    let _ = stream.shutdown(Shutdown::Write);
}

fn is_tick(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
