//! Sleeps: what a test waits for is an event, and where there is none, one poll
//! with a deadline that all tests share.

use super::sources;

/// Files that sleep, how often, and why.
const PAUSES: &[(&str, usize, &str)] = &[
    ("src/http/tests/fixture.rs", 1, "the poll of tests in src"),
    ("src/http/tests/stress.rs", 1, "the pace of clients that drip"),
    ("src/http/transport/listener.rs", 1, "a failed accept would fail again at once"),
    ("src/http/transport/upstream.rs", 2, "between two tries, and before a restart"),
    ("src/cli/import.rs", 1, "another process tells nothing"),
    ("src/store/connection.rs", 1, "between two tries for the turn of a writer"),
    ("tests/support/site.rs", 1, "the poll of tests of the program"),
    ("tests/daemon/stress.rs", 1, "the pace of clients that drip"),
    ("tests/faults/full.rs", 2, "a fault at any moment"),
    ("tests/faults/random.rs", 3, "a fault at any moment"),
    ("tests/faults/trouble.rs", 1, "that nothing happens is no event"),
    ("tests/ahead.rs", 2, "one thread goes first; the outcome is that of the other order"),
    ("benches/loader/child.rs", 1, "memory is looked at now and then"),
];

#[test]
fn nothing_sleeps_but_for_a_reason() {
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let mut found: Vec<(String, usize)> = all
        .map(|(path, text)| {
            let sleeps = |line: &str| line.contains(concat!("sleep", "(")) && !line.contains("//");
            let count = text.lines().filter(|line| sleeps(line)).count();
            (path, count)
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    let mut allowed: Vec<(String, usize)> =
        PAUSES.iter().map(|(path, count, _)| ((*path).to_owned(), *count)).collect();
    found.sort();
    allowed.sort();
    assert_eq!(found, allowed, "wait for an event, or with the poll in tests/support");
}
