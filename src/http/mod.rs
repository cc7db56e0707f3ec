//! HTTP: a bounded transport, authorization, and the views.
//!
//! `transport` meets clients and knows no route; `admission` decides from a head
//! which body may follow, `upload` writes archives to disk as they arrive;
//! `dispatch` finds the route of a request, `authorize` decides whether it is
//! allowed, and a view answers from a read-only connection. Router, `OpenAPI`
//! document, API page and menu follow from the list of routes. HTTP never loads
//! archives: it puts them into the inbox, and what it knows of the inbox is
//! what the daemon publishes in [`AppState`].

mod admission;
mod authorize;
mod dispatch;
mod endpoint;
#[cfg(fuzzing)]
pub mod fuzzing;
mod openapi;
mod page;
mod params;
mod problem;
mod reply;
mod request;
mod route;
mod routes;
mod schema;
mod transport;
mod upload;
mod views;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::app::{AppState, results};
use transport::liveness::Liveness;
use transport::{connection, listener, upstream};

/// A server that runs until it is stopped or dropped.
pub struct Server {
    address: SocketAddr,
    liveness: Arc<Liveness>,
    /// Longest time that a reply may take.
    reply: Duration,
    /// Threads with their stop flags, in the order in which they end: clients
    /// are closed while there are still workers to answer them.
    threads: Vec<(Arc<AtomicBool>, JoinHandle<()>)>,
    #[cfg(test)]
    upstream: Arc<upstream::Upstream>,
}

/// Starts the server; returns once it listens. Fails when the address is taken,
/// or open to other machines while no token exists.
///
/// # Errors
/// Fails if the address is taken, or open to other machines while no token exists.
pub fn start(app: Arc<AppState>) -> anyhow::Result<Server> {
    let environment = app.environment();
    let socket = listener::bind(&environment.config, app.authenticator.guarded())?;
    let address = socket.local_addr()?;
    let (stop, stop_upstream) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let own = Arc::clone(&app);
    let admit: Arc<connection::AdmissionCheck> = Arc::new(move |head| admission::admit(&own, head));
    let metrics = Arc::clone(&app.metrics);
    let own = Arc::clone(&app);
    let guarded: Arc<listener::Guarded> = Arc::new(move || own.authenticator.guarded());
    let computing = results::start(Arc::clone(&app.results), stop_upstream.clone())?;
    let liveness = Arc::new(Liveness::new());
    let (upstream, supervisor) =
        upstream::start(app, Arc::clone(&liveness), stop_upstream.clone())?;
    let mut server = Server {
        address,
        liveness: Arc::clone(&liveness),
        reply: transport::longest_reply(&environment.config),
        threads: vec![(stop_upstream.clone(), supervisor), (stop_upstream, computing)],
        #[cfg(test)]
        upstream: upstream.clone(),
    };
    let listener =
        listener::Listener::new(socket, &environment.config, (admit, guarded), (upstream, metrics));
    let own = stop.clone();
    let accepting =
        Builder::new().name("http-accept".into()).spawn(move || listener.run(&liveness, &own))?;
    server.threads.insert(0, (stop, accepting));
    Ok(server)
}

impl Server {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether clients are accepted and answered; for a watchdog.
    pub fn answering(&self) -> bool {
        self.liveness.is_alive(self.reply)
    }

    /// The upstream server.
    #[cfg(test)]
    fn upstream(&self) -> &upstream::Upstream {
        &self.upstream
    }

    /// Lets replies under way finish, for a moment, and ends.
    pub fn stop(mut self) {
        for (stop, thread) in self.threads.drain(..) {
            stop.store(true, Ordering::Relaxed);
            if thread.join().is_err() {
                log::error!("a thread of HTTP had panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for (stop, _) in &self.threads {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
