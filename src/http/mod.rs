//! HTTP: a bounded front of our own, `tiny_http` behind it, and the views.
//!
//! `front` meets clients and knows no route; `early` tells it from a head what
//! may follow, `upload` takes archives to disk as they come; `back` runs `tiny_http` and its
//! workers; `routes` is the one list from which router, `OpenAPI` document and
//! docs follow; `views` answer from read-only connections. HTTP never loads:
//! it puts archives into the inbox, and what it knows of the inbox is what the
//! daemon tells it in [`Shared`].
//! `gate` knows who asks, `door` whom a route is for; `figures` counts what is
//! expensive in the background.

mod back;
mod call;
mod desk;
mod door;
mod early;
mod figures;
mod front;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
mod guesses;
mod metrics;
mod openapi;
mod page;
mod probe;
mod problem;
mod reply;
mod routes;
mod seen;
mod shared;
mod turns;
mod upload;
mod viewer;
mod views;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

pub use figures::Figures;
pub use gate::Gate;
pub use metrics::Metrics;
pub use shared::{Blocked, Ignored, InboxState, Loading, Pulse, Shared, Waiting};
pub use viewer::Viewer;

/// A server that runs until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    answering: Arc<AtomicBool>,
    /// In the order in which they end: clients are seen off while there are
    /// still workers to answer them.
    parts: Vec<(Arc<AtomicBool>, JoinHandle<()>)>,
    #[cfg(test)]
    back: Arc<back::Back>,
}

/// Starts the server; returns once it listens. Fails when the address is taken
/// or is not of this machine alone.
pub fn start(shared: Arc<Shared>) -> anyhow::Result<Server> {
    let world = shared.world();
    let listener = front::bind(&world.config, shared.gate.guarded())?;
    let address = listener.local_addr()?;
    let (stop, stop_back) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let door = Arc::clone(&shared);
    let gate: Arc<front::Gate> = Arc::new(move |head| early::early(&door, head));
    let metrics = Arc::clone(&shared.metrics);
    let door = Arc::clone(&shared);
    let guarded: Arc<front::Guarded> = Arc::new(move || door.gate.guarded());
    let counting = Figures::start(Arc::clone(&shared), stop_back.clone())?;
    let (back, supervisor) = back::start(shared, stop_back.clone())?;
    let answering = Arc::new(AtomicBool::new(true));
    let mut server = Server {
        address,
        answering: answering.clone(),
        parts: vec![(stop_back.clone(), supervisor), (stop_back, counting)],
        #[cfg(test)]
        back: back.clone(),
    };
    let front =
        front::Front::new(listener, &world.config, (gate, guarded), (back.clone(), metrics));
    let ours = stop.clone();
    let accepting = Builder::new().name("http-accept".into()).spawn(move || front.run(&ours))?;
    server.parts.insert(0, (stop.clone(), accepting));
    let ours = stop.clone();
    let probing = Builder::new()
        .name("http-probe".into())
        .spawn(move || probe::run(address, &back, &answering, &ours))?;
    server.parts.insert(0, (stop, probing));
    Ok(server)
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it answered its own last probe; for a watchdog.
    pub fn answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed)
    }

    /// The server behind.
    #[cfg(test)]
    fn back(&self) -> &back::Back {
        &self.back
    }

    /// Lets replies under way finish, for a moment, and ends.
    pub fn stop(mut self) {
        for (stop, thread) in self.parts.drain(..) {
            stop.store(true, Ordering::Relaxed);
            if thread.join().is_err() {
                log::error!("a thread of HTTP had panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for (stop, _) in &self.parts {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
