//! One worker's desk: takes a request, finds its route, lets the view answer
//! from this worker's own read-only connection.

use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;

use super::call::{Call, most_rows, read_query};
use super::door;
use super::page::frame::address;
use super::page::{self, Frame};
use super::problem::{self, Problem};
use super::reply::{Finished, HTML, Reply};
use super::routes::{self, Found, Route};
use super::shared::Shared;
use super::upload::Sent;
use crate::store::{Reader, StoreError};

/// A request, as the server behind read it.
#[derive(Debug, Default)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// What came with it.
    pub sent: Sent,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Whether a person looks at the reply: a browser outside the API.
    fn is_page(&self) -> bool {
        let machine = ["/api/v1/", "/-/"].iter().any(|start| self.target.starts_with(start));
        !machine && self.header("Accept").contains("text/html")
    }
}

/// A worker's desk.
pub struct Desk<'a> {
    shared: &'a Shared,
    reader: Option<Reader>,
}

impl<'a> Desk<'a> {
    /// An empty one.
    pub fn new(shared: &'a Shared) -> Self {
        Self { shared, reader: None }
    }

    /// Forgets what a panic may have left in between.
    pub fn reset(&mut self) {
        self.reader = None;
    }

    /// The reply to a request; it always has one.
    pub fn answer(&mut self, asked: &Asked) -> Finished {
        let begun = Instant::now();
        let reply = self.route(asked).unwrap_or_else(|problem| self.refusal(asked, &problem));
        let finished = reply.finish(asked.header("Accept-Encoding"), asked.header("If-None-Match"));
        let route = match routes::find(&asked.method, asked.path()) {
            Found::Route(route, _) => route.name,
            _ => "none",
        };
        self.shared.metrics.answered(route, finished.status, begun.elapsed());
        finished
    }

    fn route(&mut self, asked: &Asked) -> Result<Reply, Problem> {
        let query = asked.target.split_once('?').map_or("", |(_, query)| query);
        let (route, parts) = match routes::find(&asked.method, asked.path()) {
            Found::Route(route, parts) => (route, parts),
            Found::Other(methods) => {
                let detail = format!("this address takes {}", methods.join(", "));
                return Err(Problem::new(problem::METHOD, detail));
            }
            Found::Nothing => {
                return Err(Problem::new(problem::NO_ROUTE, "see /api/v1/openapi.json"));
            }
        };
        let viewer = door::enter(self.shared, route, &|name| asked.header(name))?;
        door::check_form(&viewer, route, &asked.sent, asked.header("X-CSRF-Token"))?;
        let world = self.shared.world();
        let strict = route.content.first() != Some(&HTML);
        let values = read_query(query, route.params, most_rows(&world), strict)?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let path = parts.into_iter().map(|(name, text)| (name, decoded(text))).collect();
        let call = |store| Call {
            shared: self.shared,
            world: world.clone(),
            viewer,
            here: asked.path().to_owned(),
            route,
            path,
            store,
            values,
            sent: asked.sent.clone(),
            cookie: asked.header("Cookie").to_owned(),
            secure: asked.header("X-Forwarded-Proto").eq_ignore_ascii_case("https"),
        };
        if !route.asks_store {
            return (route.view)(&call(None));
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.shared.database, None)?,
        };
        let deadline = Duration::from_millis(world.config.limits.query_ms);
        let reply = ask(deadline, &reader, route, call);
        // A connection that gave trouble is not used again.
        if !reply.as_ref().is_err_and(|problem| problem.kind == problem::DATABASE) {
            self.reader = Some(reader);
        }
        reply
    }

    /// What is said when there is something wrong: to programs as a problem, to
    /// people as a page.
    fn refusal(&self, asked: &Asked, problem: &Problem) -> Reply {
        let mut reply = Reply::problem(problem);
        if problem.kind == problem::METHOD
            && let Found::Other(methods) = routes::find(&asked.method, asked.path())
        {
            reply.extra.push(("Allow", methods.join(", ")));
        }
        if !asked.is_page() {
            return reply;
        }
        let frame = Frame::of_target(&asked.target);
        if problem.kind == problem::NOT_SIGNED_IN && asked.method != "POST" {
            let next = [("next".to_owned(), asked.target.clone())];
            return Reply::see_other(&address("/sign-in", &next, frame.lang));
        }
        let viewer = door::who(self.shared, &|name| asked.header(name));
        let frame = frame.for_viewer(&viewer, &self.shared.world());
        if let Ok(page) = page::refusal(&frame, problem) {
            reply.content_type = HTML;
            reply.body = page.body;
        }
        reply
    }
}

/// Lets a view answer from one state of the store, within the time that
/// queries have.
fn ask<'r>(
    deadline: Duration,
    reader: &'r Reader,
    route: &Route,
    call: impl FnOnce(Option<&'r Reader>) -> Call<'r>,
) -> Result<Reply, Problem> {
    let held = reader.stop_after(deadline).and_then(|()| reader.snapshot());
    let _held = held.map_err(|error: StoreError| Problem::from(error))?;
    (route.view)(&call(Some(reader)))
}
