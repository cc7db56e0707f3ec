//! Transfer rates: measured over the last seconds, to find the least active
//! client, and required as a minimum, as a deadline that bytes extend.

use std::time::{Duration, Instant};

/// Bytes are counted over one to two of these windows, so that a past burst is
/// forgotten.
const WINDOW: Duration = Duration::from_secs(2);

/// Shortest time a rate is computed over: the first packets say nothing.
const SHORTEST: Duration = Duration::from_millis(250);

/// Bytes over the last seconds.
#[derive(Debug, Clone, Copy)]
pub struct TransferRate {
    /// The window before this one: its beginning and its bytes.
    before: (Instant, u64),
    window: (Instant, u64),
}

impl TransferRate {
    /// No bytes yet.
    pub fn new(now: Instant) -> Self {
        Self { before: (now, 0), window: (now, 0) }
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: u64, now: Instant) {
        if now.saturating_duration_since(self.window.0) >= WINDOW {
            (self.before, self.window) = (self.window, (now, 0));
        }
        self.window.1 = self.window.1.saturating_add(bytes);
    }

    /// Bytes a second.
    pub fn rate(&self, now: Instant) -> u64 {
        let time = now.saturating_duration_since(self.before.0).max(SHORTEST);
        let bytes = self.before.1.saturating_add(self.window.1);
        bytes.saturating_mul(1000) / (time.as_millis() as u64).max(1)
    }
}

/// When the next bytes must have been transferred. Each byte extends it by the
/// time it needs at the minimum rate, to at most `most` from now: a fast start
/// does not allow a slow rest.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    most: Duration,
    /// Minimum rate in bytes a second; none where bytes do not extend the
    /// deadline.
    rate: Option<u64>,
}

impl Deadline {
    /// A fixed deadline for all bytes.
    pub fn once(now: Instant, most: Duration) -> Self {
        Self { at: now + most, most, rate: None }
    }

    /// A deadline extended at a minimum rate, in bytes a second.
    pub fn at_rate(now: Instant, most: Duration, rate: u64) -> Self {
        Self { at: now + most, most, rate: Some(rate.max(1)) }
    }

    /// Extends it by transferred bytes.
    pub fn earn(&mut self, bytes: u64, now: Instant) {
        if let Some(rate) = self.rate {
            let earned = Duration::from_micros(bytes.saturating_mul(1_000_000) / rate);
            self.at = (self.at + earned).min(now + self.most);
        }
    }

    /// Time left.
    pub fn left(&self, now: Instant) -> Duration {
        self.at.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_is_that_of_the_last_moments() {
        let start = Instant::now();
        let mut rate = TransferRate::new(start);
        rate.add(1_000_000, start + S);
        assert_eq!(rate.rate(start + S), 1_000_000);
        // Dripping from here on: soon it is slow, whatever it was.
        for second in 2..10 {
            rate.add(1, start + S * second);
        }
        assert!(rate.rate(start + S * 10) < 2, "{}", rate.rate(start + S * 10));
        let mut first = TransferRate::new(start);
        first.add(1000, start);
        assert_eq!(first.rate(start), 4000, "a first packet is no rate");
    }

    #[test]
    fn bytes_buy_time_but_nobody_has_much_in_hand() {
        let start = Instant::now();
        let mut deadline = Deadline::at_rate(start, S * 10, 1000);
        deadline.earn(5000, start + S);
        assert_eq!(deadline.left(start + S), S * 10, "no more than all of it");
        deadline.earn(u64::MAX, start + S);
        assert_eq!(deadline.left(start + S), S * 10);
        deadline.earn(1000, start + S * 6);
        assert_eq!(deadline.left(start + S * 6), S * 6);
        deadline.earn(1, start + S * 12);
        assert!(deadline.left(start + S * 12) < S / 100);
        let mut form = Deadline::once(start, S * 5);
        form.earn(1_000_000, start + S * 4);
        assert_eq!(form.left(start + S * 4), S);
    }
}
