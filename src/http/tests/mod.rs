//! A real server on a port of its own, over a store in a temporary folder,
//! spoken to over TCP.

mod access;
mod api;
mod audit;
mod audit_letters;
mod audit_pages;
mod audit_said;
mod bodies;
mod described;
mod fixture;
mod head;
mod health;
mod mending;
mod page;
mod paid;
mod stress;
mod tokens;
mod upload;
mod waiting;

use std::path::PathBuf;
use std::sync::Mutex;

use super::endpoint::{Access, Body, Endpoint, POST};
use super::problem::Problem;
use super::reply::{Reply, TEXT};
use super::request::Request;
use super::route::{Route, View};
use super::upload::RequestBody;

/// Routes that only tests have.
pub const ROUTES: &[Route] = &[
    only_in_tests("/-/test/panic", "test_panic", panics),
    only_in_tests("/-/test/large", "test_large", large),
    only_in_tests("/-/test/endless", "test_endless", endless),
    taking(Body::Form, only_in_tests("/-/test/form", "test_form", form)),
    only_in_tests("/-/test/form", "test_form_page", large),
    taking(Body::Archive, only_in_tests("/-/test/archive", "test_archive", archive)),
];

const fn taking(body: Body, route: Route) -> Route {
    let Route { endpoint, view } = route;
    Route { endpoint: Endpoint { methods: POST, body, ..endpoint }, view }
}

/// Answers with a field of the form.
#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn form(request: &Request) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, request.field("text").unwrap_or_default()))
}

#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn archive(request: &Request) -> Result<Reply, Problem> {
    let RequestBody::Archive(received) = &request.body else {
        return Ok(Reply::new(TEXT, "nothing"));
    };
    Ok(Reply::new(TEXT, format!("{} {}", received.upload.bytes, received.upload.sha256)))
}

const fn only_in_tests(path: &'static str, name: &'static str, view: View) -> Route {
    Route {
        endpoint: Endpoint {
            access: Access::Public,
            about: "route.healthy",
            content: &[TEXT],
            ..Endpoint::api(name, path)
        },
        view,
    }
}

/// Sites that began to answer, once for each request of [`large`] and
/// [`endless`]: what a client waits for when its request is to be under way.
static BEGUN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How many such requests a site has begun to answer.
fn begun(site: &fixture::Site) -> usize {
    let all = BEGUN.lock().unwrap();
    all.iter().filter(|folder| **folder == site.app.data).count()
}

/// Panics.
fn panics(_: &Request) -> Result<Reply, Problem> {
    panic!("as the test wants")
}

/// 32 MiB: more than the buffers between two sockets hold.
const LARGE_BYTES: usize = 32 << 20;

#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn large(request: &Request) -> Result<Reply, Problem> {
    BEGUN.lock().unwrap().push(request.app.data.clone());
    Ok(Reply::new(TEXT, vec![b'x'; LARGE_BYTES]))
}

/// Asks what the store cannot answer in time.
fn endless(request: &Request) -> Result<Reply, Problem> {
    BEGUN.lock().unwrap().push(request.app.data.clone());
    Ok(Reply::new(TEXT, request.store()?.endless()?.to_string()))
}
