//! Dispatch: finds the route of a request, authorizes it, and lets the view
//! answer from the worker's own read-only connection.

use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;

use super::authorize;
use super::endpoint::Endpoint;
use super::page::frame::address;
use super::page::menu::menu;
use super::page::{self, Frame};
use super::params::read_query;
use super::problem::{self, Problem};
use super::reply::{Finished, HTML, Reply};
use super::request::{Request, most_rows};
use super::route::Route;
use super::routes::{self, ENDPOINTS, RouteMatch};
use super::upload::RequestBody;
use crate::app::AppState;
use crate::store::{Reader, StoreError};

/// The method of a link.
const GET: &str = "GET";

/// A request as the upstream server read it.
#[derive(Debug, Default)]
pub struct RawRequest {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: RequestBody,
}

impl RawRequest {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Whether the reply is shown to a person: a browser outside the API.
    fn is_page(&self) -> bool {
        let machine = ["/api/v1/", "/-/"].iter().any(|start| self.target.starts_with(start));
        !machine && self.header("Accept").contains("text/html")
    }
}

/// A worker, with its connection to the store.
pub struct Worker<'a> {
    app: &'a AppState,
    reader: Option<Reader>,
}

impl<'a> Worker<'a> {
    /// A worker without a connection yet.
    pub fn new(app: &'a AppState) -> Self {
        Self { app, reader: None }
    }

    /// Drops the connection, which a panic may have left in a bad state.
    pub fn reset(&mut self) {
        self.reader = None;
    }

    /// The reply to a request; it always has one.
    pub fn answer(&mut self, raw: &RawRequest) -> Finished {
        let begun = Instant::now();
        let reply = self.route(raw).unwrap_or_else(|problem| self.refusal(raw, &problem));
        let finished = reply.finish(raw.header("Accept-Encoding"), raw.header("If-None-Match"));
        let route = match routes::find(&raw.method, raw.path()) {
            RouteMatch::Route(route, _) => route.endpoint.name,
            _ => "none",
        };
        self.app.metrics.answered(route, finished.status, begun.elapsed());
        finished
    }

    fn route(&mut self, raw: &RawRequest) -> Result<Reply, Problem> {
        let query = raw.target.split_once('?').map_or("", |(_, query)| query);
        let (route, parts) = match routes::find(&raw.method, raw.path()) {
            RouteMatch::Route(route, parts) => (route, parts),
            RouteMatch::OtherMethods(methods) => {
                let detail = format!("this address takes {}", methods.join(", "));
                return Err(Problem::new(problem::METHOD, detail));
            }
            RouteMatch::NotFound => {
                return Err(Problem::new(problem::NO_ROUTE, "see /api/v1/openapi.json"));
            }
        };
        let endpoint: &'static Endpoint = &route.endpoint;
        let viewer = authorize::authorize(self.app, endpoint, &|name| raw.header(name))?;
        let token = raw.header("X-CSRF-Token");
        authorize::check_form(&viewer, endpoint, &raw.body, token)?;
        let environment = self.app.environment();
        let values =
            read_query(query, endpoint.params, most_rows(&environment), !endpoint.is_page())?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let path = parts.into_iter().map(|(name, text)| (name, decoded(text))).collect();
        let menu =
            if endpoint.is_page() { menu(&ENDPOINTS, &viewer, raw.path()) } else { Vec::new() };
        let request = |store| Request {
            app: self.app,
            environment: environment.clone(),
            viewer,
            here: raw.path().to_owned(),
            endpoint,
            api: &ENDPOINTS,
            menu,
            path,
            store,
            values,
            body: raw.body.clone(),
            cookie: raw.header("Cookie").to_owned(),
            if_match: raw.header("If-Match").to_owned(),
            content_type: raw.header("Content-Type").to_owned(),
            secure: raw.header("X-Forwarded-Proto").eq_ignore_ascii_case("https"),
        };
        if !endpoint.asks_store {
            return (route.view)(&request(None));
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.app.database, None)?,
        };
        let deadline = Duration::from_millis(environment.config.limits.query_ms);
        let reply = ask(deadline, &reader, route, request);
        // A connection that gave trouble is not used again.
        if !reply.as_ref().is_err_and(|problem| problem.kind == problem::DATABASE) {
            self.reader = Some(reader);
        }
        reply
    }

    /// The reply to a problem: JSON for programs, a page for browsers.
    fn refusal(&self, raw: &RawRequest, problem: &Problem) -> Reply {
        let mut reply = Reply::problem(problem);
        if problem.kind == problem::METHOD
            && let RouteMatch::OtherMethods(methods) = routes::find(&raw.method, raw.path())
        {
            reply.extra.push(("Allow", methods.join(", ")));
        }
        if !raw.is_page() {
            return reply;
        }
        let exists = matches!(routes::find(GET, raw.path()), RouteMatch::Route(..));
        let frame = Frame::for_target(&raw.target, exists);
        if problem.kind == problem::NOT_SIGNED_IN && raw.method != "POST" {
            let next = [("next".to_owned(), raw.target.clone())];
            return Reply::see_other(&address("/sign-in", &next, frame.lang));
        }
        let viewer = authorize::identify(self.app, &|name| raw.header(name));
        let menu = menu(&ENDPOINTS, &viewer, frame.path());
        let frame = frame.for_viewer(&viewer, &self.app.environment(), menu);
        if let Ok(page) = page::refusal(&frame, problem) {
            reply.content_type = HTML;
            reply.body = page.body;
        }
        reply
    }
}

/// Lets a view answer from a snapshot of the store, within the time limit of
/// queries.
fn ask<'r>(
    deadline: Duration,
    reader: &'r Reader,
    route: &Route,
    request: impl FnOnce(Option<&'r Reader>) -> Request<'r>,
) -> Result<Reply, Problem> {
    let held = reader.stop_after(deadline).and_then(|()| reader.snapshot());
    let _held = held.map_err(|error: StoreError| Problem::from(error))?;
    (route.view)(&request(Some(reader)))
}
