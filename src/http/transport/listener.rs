//! The accept loop: gives each client a connection slot and a thread.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::connection::{self, AdmissionCheck, refusal_when_full};
use super::connection_pool::{ConnectionPool, ConnectionSlot};
use super::limits::ConnectionLimits;
use super::liveness::Liveness;
use super::timing::{SLOT_WAIT, TICK, is_timeout};
use super::upstream::Upstream;
use crate::access::client_network;
use crate::app::Metrics;
use crate::config::Config;
use crate::http::problem::{self, Problem};
use crate::http::reply;

/// Pause after a failed accept, which would fail again at once while
/// descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that the system queues until they are accepted.
const BACKLOG: i32 = 1024;

/// How long, and how many, refused connections are kept open, so that a reset
/// does not destroy the refusal before it is read.
const REFUSED_KEPT: (Duration, usize) = (Duration::from_millis(500), 64);

/// Descriptors reserved for everything but clients.
const DESCRIPTORS_KEPT: usize = 128;

/// Descriptors of one client: its socket, both ends of the way to the upstream
/// server (which holds its end three times), and a reply on disk.
const DESCRIPTORS_PER_SLOT: usize = 6;

/// Stack of a connection's thread, in bytes; its buffers are on the heap.
const STACK_BYTES: usize = 256 << 10;

/// Tells whether clients on other machines may connect at all.
pub type Guarded = dyn Fn() -> bool + Send + Sync;

/// Binds the configured address. Fails when it is open to other machines while
/// no token exists.
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
        // Accepted sockets inherit both: a client that is gone is noticed.
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(config.http.send.0))?;
        let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15));
        socket.set_tcp_keepalive(&keepalive.with_interval(Duration::from_secs(5)))?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        // Accept returns now and then without a client, to check whether to
        // stop.
        socket.set_read_timeout(Some(TICK))?;
        Ok(socket.into())
    };
    listen().with_context(|| format!("http.listen = {address}: cannot listen there; another address is set by http.listen in the configuration or KHLANG__HTTP__LISTEN"))
}

/// Accepts clients.
pub struct Listener {
    socket: TcpListener,
    pool: Arc<ConnectionPool>,
    limits: Arc<ConnectionLimits>,
    admit: Arc<AdmissionCheck>,
    guarded: Arc<Guarded>,
    upstream: Arc<Upstream>,
}

impl Listener {
    /// Accepts on a socket that [`bind`] made, and hands requests to
    /// `upstream`.
    pub fn new(
        socket: TcpListener,
        config: &Config,
        (admit, guarded): (Arc<AdmissionCheck>, Arc<Guarded>),
        (upstream, metrics): (Arc<Upstream>, Arc<Metrics>),
    ) -> Self {
        let told = Arc::clone(&metrics);
        let on_evict = move |stream: &TcpStream| {
            told.refused(problem::CONNECTIONS.code());
            refuse(stream, &refusal_when_full());
        };
        let (limit, per_peer) =
            (slots(config.limits.connections), config.limits.connections_per_peer);
        let pool = ConnectionPool::new(limit, per_peer, Box::new(on_evict));
        Self {
            socket,
            pool,
            limits: Arc::new(ConnectionLimits::new(config, metrics)),
            admit,
            guarded,
            upstream,
        }
    }

    /// The accept loop; only `stop` ends it.
    pub fn run(&self, liveness: &Liveness, stop: &AtomicBool) {
        let mut refused: VecDeque<(Instant, TcpStream)> = VecDeque::new();
        let (mut failing, mut full) = (false, false);
        while !stop.load(Ordering::Relaxed) {
            liveness.accepting();
            while refused.front().is_some_and(|(at, _)| at.elapsed() > REFUSED_KEPT.0) {
                refused.pop_front();
            }
            match self.socket.accept() {
                Ok((stream, peer)) => {
                    failing = false;
                    let patience = if full { Duration::ZERO } else { SLOT_WAIT };
                    let back = self.take_in(stream, peer, patience);
                    full = back.is_some();
                    if let Some(stream) = back {
                        refused.push_back((Instant::now(), stream));
                        if refused.len() > REFUSED_KEPT.1 {
                            refused.pop_front();
                        }
                    }
                }
                Err(error) if is_timeout(&error) => {}
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
        self.pool.clear(Duration::from_secs(3));
    }

    /// Gives a client a slot and a thread; returns the stream when it is
    /// refused.
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
        // The client behind a proxy is known once the head has arrived.
        let known = !self.limits.trusted.has(peer.ip());
        let peer = known.then(|| client_network(&peer.ip().to_string()));
        let slot = match self.pool.admit(stream, peer, patience) {
            Ok(slot) => slot,
            Err(stream) => {
                self.limits.metrics.refused(problem::CONNECTIONS.code());
                refuse(&stream, &refusal_when_full());
                return Some(stream);
            }
        };
        self.start(slot);
        None
    }

    fn start(&self, slot: ConnectionSlot) {
        let (limits, admit, upstream) =
            (self.limits.clone(), self.admit.clone(), self.upstream.clone());
        let thread = std::thread::Builder::new().name("http-client".into()).stack_size(STACK_BYTES);
        // Without a thread the slot is dropped, and with it the connection.
        if let Err(error) =
            thread.spawn(move || connection::serve(&slot, &limits, &*admit, &upstream))
        {
            log::error!("a thread for an HTTP client: {error}");
        }
    }
}

/// As many slots as configured, or as there are descriptors for: clients must
/// never take the last descriptor from the loader and the database.
fn slots(configured: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let room = limit.map_or(configured, |limit| {
        (limit as usize).saturating_sub(DESCRIPTORS_KEPT) / DESCRIPTORS_PER_SLOT
    });
    if room < configured {
        log::warn!("limits.connections = {configured}, but descriptors are enough for {room} only");
    }
    configured.min(room).max(1)
}

/// Refuses a client without waiting for anything.
fn refuse(mut stream: &TcpStream, problem: &Problem) {
    // Each step may fail when the client is gone, and then nobody is told.
    let _ = stream.set_nonblocking(true);
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write(&reply::to_wire(problem));
    let _ = stream.shutdown(Shutdown::Write);
}
