//! How long the tests by chance go on, and how one of their failures is
//! repeated.
//!
//! `KHLANG_TEST_LONG=N` makes each of them go N rounds instead of the few of
//! the gate; `KHLANG_TEST_SEED=S` is the seed of the first round, and every
//! later one has the next. A round depends on its seed alone (and on what the
//! machine does meanwhile), so that the last line of a failure repeats it.

use std::fmt::Display;

/// Seed of the first round unless the environment says another.
const SEED: u64 = 2557;

/// A small generator.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds shall not begin alike, and none may be 0.
        let mixed = (seed ^ seed >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % bound
    }

    /// One of so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// Goes `short` rounds, or as many as the environment says. Each tells how
/// many troubles it made.
pub fn rounds(test: &str, short: u64, mut round: impl FnMut(u64) -> u64) {
    let count = from_environment("KHLANG_TEST_LONG").unwrap_or(short);
    let first = from_environment("KHLANG_TEST_SEED").unwrap_or(SEED);
    let mut troubles = 0;
    for seed in first..first + count {
        let _told = Told { test, seed };
        troubles += round(seed);
    }
    say(format!("{test}: {count} rounds from seed {first}, {troubles} troubles made"));
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Tells how to repeat a round that fails.
struct Told<'t> {
    test: &'t str,
    seed: u64,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { test, seed } = self;
            say(format!("KHLANG_TEST_SEED={seed} KHLANG_TEST_LONG=1 cargo test {test}"));
        }
    }
}

#[allow(clippy::print_stderr, reason = "how often it was tried is what a long run is for")]
pub fn say(text: impl Display) {
    eprintln!("{text}");
}
