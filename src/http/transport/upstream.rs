//! `tiny_http`, on a Unix socket that only this process can reach, with a fixed
//! number of workers, supervised.
//!
//! It gets only whole requests, one per connection, so neither its lack of
//! timeouts nor its unbounded threads can be reached. When its accept loop ends
//! (for want of descriptors, say), it is restarted. A
//! panic of a view is a 500; its worker lives on.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::fs::{Mode, OFlags};
use tempfile::SpooledTempFile;

use super::head::RequestHead;
use super::liveness::Liveness;
use super::timing::TICK;
use super::worker_slots::WorkerSlots;
use crate::app::AppState;
use crate::http::dispatch::{RawRequest, Worker};
use crate::http::endpoint::READS;
use crate::http::problem::{self, Problem};
use crate::http::reply::{Finished, Reply, SERVER};
use crate::http::upload::{ReceivedArchive, RequestBody};

/// A reply larger than this waits on disk for its client: many slow readers of
/// large downloads must not fill the memory.
const IN_MEMORY_BYTES: usize = 1 << 20;

/// Largest head of a reply, in bytes; those of this program are under 2 KiB.
const REPLY_HEAD_BYTES: usize = 16 << 10;

/// How long a request waits for a server that is being restarted.
const RESTART: Duration = Duration::from_secs(2);

/// Shortest and longest pause before a restart.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A complete reply.
pub struct UpstreamReply {
    /// Status line and headers, with the empty line.
    pub head: Vec<u8>,
    /// The body.
    pub body: SpooledTempFile,
}

/// Workers for health and metrics, beyond those that are configured.
const RESERVED: usize = 1;

/// The way to `tiny_http`.
pub struct Upstream {
    /// Its socket; none while it is being started.
    socket: RwLock<Option<SocketHandle>>,
    /// Whether a restart has been requested.
    restart_requested: AtomicBool,
    /// Archives of requests under way: they do not go through the socket, only
    /// their number does.
    archives: Mutex<HashMap<u64, Arc<ReceivedArchive>>>,
    numbers: AtomicU64,
    /// As many slots as there are workers, without those in reserve.
    slots: WorkerSlots,
    workers: usize,
}

/// Header that names the archive of a request. A client's header of this name
/// is never forwarded.
const ARCHIVE: &str = "X-Khlang-Archive";

/// An archive on its way to a worker; forgotten when dropped.
struct InFlightUpload<'b>(&'b Upstream, u64);

impl Drop for InFlightUpload<'_> {
    fn drop(&mut self) {
        self.0.archives().remove(&self.1);
    }
}

impl Upstream {
    /// A way to this many workers, and those in reserve.
    fn new(workers: usize) -> Self {
        Self {
            socket: RwLock::default(),
            restart_requested: AtomicBool::default(),
            archives: Mutex::default(),
            numbers: AtomicU64::default(),
            slots: WorkerSlots::new(workers),
            workers: workers + RESERVED,
        }
    }

    /// Requests a restart of the server.
    pub fn request_restart(&self) {
        self.restart_requested.store(true, Ordering::Relaxed);
    }

    /// Where the server listens now.
    #[cfg(test)]
    pub fn socket(&self) -> Option<SocketHandle> {
        self.socket.read().unwrap().clone()
    }

    fn set(&self, socket: Option<SocketHandle>) {
        *self.socket.write().unwrap_or_else(PoisonError::into_inner) = socket;
    }

    fn connect(&self) -> Option<UnixStream> {
        let socket = self.socket.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        match socket.connect() {
            Ok(stream) => Some(stream),
            Err(error) => {
                // Its accept loop can end silently: in a panic, when it has no
                // descriptor to clone a stream.
                if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) {
                    self.request_restart();
                }
                None
            }
        }
    }

    fn archives(&self) -> MutexGuard<'_, HashMap<u64, Arc<ReceivedArchive>>> {
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forwards a request with its body and returns the complete reply, within
    /// a deadline. A request that is `always` answered does not wait for a
    /// worker slot.
    pub fn ask(
        &self,
        head: &RequestHead,
        sent: RequestBody,
        always: bool,
        deadline: Duration,
    ) -> Result<UpstreamReply, Problem> {
        let begun = Instant::now();
        let Some(_slot) = self.slots.take(always, begun + deadline) else {
            return Err(Problem::new(problem::REPLY_TIMEOUT, ""));
        };
        let (mut own, mut body, mut _held) = (Vec::new(), Arc::from([]), None);
        match sent {
            RequestBody::Nothing => {}
            RequestBody::Form(form) => {
                own.push(("Content-Length", form.len().to_string()));
                body = form;
            }
            RequestBody::Archive(received) => {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                self.archives().insert(number, received);
                _held = Some(InFlightUpload(self, number));
                own.push((ARCHIVE, number.to_string()));
            }
        }
        let request = [head.canonical(&own), body.to_vec()].concat();
        let mut reply = self.exchange(head, &request, begun + deadline);
        while reply.is_none() && begun.elapsed() < RESTART.min(deadline) {
            std::thread::sleep(TICK / 4);
            reply = self.exchange(head, &request, begun + deadline);
        }
        reply.unwrap_or_else(|| Err(Problem::new(problem::RESTARTING, "try again in a moment")))
    }

    /// One attempt; none when the server went away and asking again is safe.
    fn exchange(
        &self,
        head: &RequestHead,
        request: &[u8],
        until: Instant,
    ) -> Option<Result<UpstreamReply, Problem>> {
        let mut stream = self.connect()?;
        stream.write_all(request).ok()?;
        match read_response(&mut stream, head.method == "HEAD", until) {
            Ok(Some(answer)) => Some(Ok(answer)),
            Err(error) if Instant::now() >= until => {
                log::warn!("no reply to {} {}: {error}", head.method, head.path());
                Some(Err(Problem::new(problem::REPLY_TIMEOUT, "")))
            }
            // A read may be repeated. A change may have been done: the client
            // must look.
            Ok(None) | Err(_) if READS.contains(&head.method.as_str()) => None,
            Ok(None) | Err(_) => {
                let detail = "whether it was done is not known; look before you try again";
                Some(Err(Problem::new(problem::RESTARTING, detail)))
            }
        }
    }
}

/// Reads a reply to its end; none when it is cut off.
fn read_response(
    stream: &mut UnixStream,
    headless: bool,
    until: Instant,
) -> std::io::Result<Option<UpstreamReply>> {
    let mut chunk = vec![0; 64 << 10];
    let mut head: Vec<u8> = Vec::new();
    let mut body = SpooledTempFile::new(IN_MEMORY_BYTES);
    let (mut expected, mut got) = (None, 0_u64);
    loop {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            let whole = expected.is_some_and(|bytes| headless || bytes == got);
            return Ok(whole.then_some(UpstreamReply { head, body }));
        }
        let mut rest = &chunk[..count];
        if expected.is_none() {
            let before = head.len();
            head.extend_from_slice(rest);
            let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") else {
                if head.len() > REPLY_HEAD_BYTES {
                    return Ok(None);
                }
                continue;
            };
            rest = &rest[end + 4 - before..];
            head.truncate(end + 4);
            let Some(length) = parse_response_head(&mut head) else { return Ok(None) };
            expected = Some(length);
        }
        body.write_all(rest)?;
        got += rest.len() as u64;
    }
}

/// Adds `Connection: close` to the head of a reply, which `tiny_http` leaves
/// out, and returns the length of the body. None when the reply is not from
/// this program: a server that ends answers what is left in its queue with an
/// empty 500 of its own.
fn parse_response_head(head: &mut Vec<u8>) -> Option<u64> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut reply = httparse::Response::new(&mut headers);
    reply.parse(head).ok()?;
    let value = |name: &str| {
        let found = reply.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    if value("Server") != Some(SERVER) {
        return None;
    }
    let length = if reply.code == Some(304) { 0 } else { value("Content-Length")?.parse().ok()? };
    let at = memchr::memchr(b'\n', head)? + 1;
    head.splice(at..at, *b"Connection: close\r\n");
    Some(length)
}

/// A socket that a server listens on, by a handle. It has no name any more:
/// a process that is killed leaves nothing, and nobody else can connect.
#[derive(Clone)]
pub struct SocketHandle(Arc<OwnedFd>);

impl SocketHandle {
    /// A new socket, and the handle by which it is reached.
    fn listen() -> std::io::Result<(UnixListener, Self)> {
        // Only this user may enter the folder (0700) while it is there.
        let folder = tempfile::Builder::new().prefix("khlang-").tempdir()?;
        let path = folder.path().join("http");
        let listener = UnixListener::bind(&path)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::open(&path, flags, Mode::empty())?;
        folder.close()?;
        Ok((listener, Self(Arc::new(handle))))
    }

    /// A connection to the server, if it still accepts any.
    pub fn connect(&self) -> std::io::Result<UnixStream> {
        UnixStream::connect(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    /// Whether both are handles of one socket.
    #[cfg(test)]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Wakes the accept loop of a server that has ended, so that it ends, too: the
/// server itself would connect to the name of its socket, which is gone.
struct Wake(SocketHandle);

impl Drop for Wake {
    fn drop(&mut self) {
        if let Err(error) = self.0.connect() {
            log::debug!("the server behind HTTP has ended already: {error}");
        }
    }
}

/// One run of `tiny_http`.
struct ServerInstance {
    server: tiny_http::Server,
    /// Dropped after the server.
    wake: Wake,
}

impl ServerInstance {
    fn open() -> anyhow::Result<Self> {
        let (listener, handle) = SocketHandle::listen().context("the socket behind HTTP")?;
        let server = tiny_http::Server::from_listener(listener, None)
            .map_err(|error| anyhow::anyhow!("the server behind HTTP: {error}"))?;
        Ok(Self { server, wake: Wake(handle) })
    }
}

/// Starts the server; it is restarted whenever it ends, until `stop`.
pub fn start(
    app: Arc<AppState>,
    liveness: Arc<Liveness>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(Arc<Upstream>, std::thread::JoinHandle<()>)> {
    let upstream = Arc::new(Upstream::new(app.environment().config.http.workers.max(1)));
    let first = ServerInstance::open()?;
    upstream.set(Some(first.wake.0.clone()));
    let ours = upstream.clone();
    let supervisor = std::thread::Builder::new()
        .name("http-supervisor".into())
        .spawn(move || supervise(first, &ours, &app, (&liveness, &stop)))?;
    Ok((upstream, supervisor))
}

/// Restarts the server whenever it has ended; the sooner it ends, the longer
/// the pause.
fn supervise(
    first: ServerInstance,
    upstream: &Upstream,
    app: &AppState,
    (liveness, stop): (&Liveness, &AtomicBool),
) {
    let mut next = Some(first);
    let mut pause = PAUSES.0;
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        match next.take().map_or_else(ServerInstance::open, Ok) {
            Ok(round) => {
                upstream.restart_requested.store(false, Ordering::Relaxed);
                upstream.set(Some(round.wake.0.clone()));
                run(&round.server, app, upstream, (liveness, stop));
                upstream.set(None);
            }
            Err(error) => log::error!("{error:#}; trying again"),
        }
        pause = if begun.elapsed() > PAUSES.1 { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
        let until = Instant::now() + pause;
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(PAUSES.0);
        }
    }
}

/// Runs the workers until the server ends or shall end.
fn run(
    server: &tiny_http::Server,
    app: &AppState,
    upstream: &Upstream,
    (liveness, stop): (&Liveness, &AtomicBool),
) {
    std::thread::scope(|scope| {
        for number in 0..upstream.workers {
            let name = format!("http-worker-{number}");
            let thread = std::thread::Builder::new().name(name);
            let made = thread.spawn_scoped(scope, || work(server, app, upstream, (liveness, stop)));
            if let Err(error) = made {
                log::error!("a worker for HTTP: {error}");
                upstream.request_restart();
            }
        }
    });
}

fn work(
    server: &tiny_http::Server,
    app: &AppState,
    upstream: &Upstream,
    (liveness, stop): (&Liveness, &AtomicBool),
) {
    let mut worker = Worker::new(app);
    while !stop.load(Ordering::Relaxed) && !upstream.restart_requested.load(Ordering::Relaxed) {
        liveness.working();
        match server.recv_timeout(TICK) {
            Ok(Some(request)) => answer(&mut worker, upstream, request),
            Ok(None) => {}
            Err(error) => {
                log::error!("the server behind HTTP ended: {error}; it is restarted");
                upstream.request_restart();
            }
        }
    }
}

fn answer(worker: &mut Worker, upstream: &Upstream, mut request: tiny_http::Request) {
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|h| (h.field.as_str().as_str().to_owned(), h.value.as_str().to_owned()))
        .collect();
    let raw = RawRequest {
        method: request.method().as_str().to_owned(),
        target: request.url().to_owned(),
        body: body(upstream, &mut request, &headers),
        headers,
    };
    let finished = catch_unwind(AssertUnwindSafe(|| worker.answer(&raw))).unwrap_or_else(|_| {
        log::error!("a panic while answering {} {}", raw.method, raw.path());
        worker.reset();
        Reply::problem(&Problem::new(problem::PANIC, "it is in the log of the daemon"))
            .finish("", "")
    });
    if let Err(error) = request.respond(response(finished)) {
        log::debug!("handing a reply to the front: {error}");
    }
}

/// The body of a request: an archive by its number, else a form, whose size is
/// already limited.
fn body(
    upstream: &Upstream,
    request: &mut tiny_http::Request,
    headers: &[(String, String)],
) -> RequestBody {
    let number = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(ARCHIVE));
    if let Some((_, number)) = number {
        let received =
            number.parse().ok().and_then(|number| upstream.archives().get(&number).cloned());
        return received.map_or(RequestBody::Nothing, RequestBody::Archive);
    }
    let length = request.body_length().unwrap_or(0);
    let mut form = Vec::with_capacity(length);
    match request.as_reader().take(length as u64).read_to_end(&mut form) {
        Ok(count) if count > 0 => RequestBody::Form(form.into()),
        _ => RequestBody::Nothing,
    }
}

fn response(finished: Finished) -> tiny_http::Response<std::io::Cursor<Vec<u8>>> {
    let length = finished.body.len();
    let headers = finished.headers.iter().filter_map(|(name, value)| {
        tiny_http::Header::from_bytes(name.as_bytes(), value.as_bytes()).ok()
    });
    tiny_http::Response::new(
        finished.status.into(),
        headers.collect(),
        std::io::Cursor::new(finished.body),
        Some(length),
        None,
    )
    // Whole replies have a length; chunks would only cost.
    .with_chunked_threshold(usize::MAX)
}
