//! A real server on a port of its own, over a store in a temporary folder,
//! spoken to over TCP.

mod api;
mod fixture;
mod head;
mod page;
mod stress;

use super::call::Call;
use super::problem::Problem;
use super::reply::{Reply, TEXT};
use super::routes::{Route, View};

const fn only_in_tests(path: &'static str, name: &'static str, view: View) -> Route {
    Route {
        path,
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
