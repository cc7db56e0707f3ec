//! A real server on a port of its own, over a store in a temporary folder,
//! spoken to over TCP.

mod access;
mod api;
mod bodies;
mod fixture;
mod head;
mod health;
mod page;
mod paid;
mod stress;
mod tokens;
mod upload;
mod waiting;

use super::call::Call;
use super::problem::Problem;
use super::reply::{Reply, TEXT};
use super::routes::{Access, Body, POST, READS, Route, View};
use super::upload::Sent;

/// Says what came with it.
pub const FORM: Route =
    Route { methods: POST, body: Body::Form, ..only_in_tests("/-/test/form", "test_form", form) };

/// Says what archive came, and leaves it.
pub const ARCHIVE: Route = Route {
    methods: POST,
    body: Body::Archive,
    ..only_in_tests("/-/test/archive", "test_archive", archive)
};

/// Reads at the address of the form.
pub const FORM_PAGE: Route = only_in_tests("/-/test/form", "test_form_page", large);

#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn form(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, call.field("text").unwrap_or_default()))
}

#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn archive(call: &Call) -> Result<Reply, Problem> {
    let Sent::Archive(received) = &call.sent else { return Ok(Reply::new(TEXT, "nothing")) };
    Ok(Reply::new(TEXT, format!("{} {}", received.upload.bytes, received.upload.sha256)))
}

const fn only_in_tests(path: &'static str, name: &'static str, view: View) -> Route {
    Route {
        path,
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
        name,
        about: "Only in tests.",
        about_th: "Only in tests.",
        params: &[],
        content: &[TEXT],
        schema: None,
        problems: &[],
        asks_store: true,
        view,
    }
}

/// Panics.
pub const PANIC: Route = only_in_tests("/-/test/panic", "test_panic", panics);

/// Answers more than the buffers between two sockets hold.
pub const LARGE: Route = only_in_tests("/-/test/large", "test_large", large);

/// Asks what the store cannot answer in time.
pub const ENDLESS: Route = only_in_tests("/-/test/endless", "test_endless", endless);

fn panics(_: &Call) -> Result<Reply, Problem> {
    panic!("as the test wants")
}

/// 32 MiB.
const LARGE_BYTES: usize = 32 << 20;

#[allow(clippy::unnecessary_wraps, reason = "every view has one shape")]
fn large(_: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, vec![b'x'; LARGE_BYTES]))
}

fn endless(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::new(TEXT, call.store()?.endless()?.to_string()))
}
