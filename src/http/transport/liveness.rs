//! Signs of life of the threads that every client needs: the accept loop, and
//! the workers, of whom one is always free for health checks. For the watchdog
//! of systemd.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The accept loop comes round several times a second.
const ACCEPT: Duration = Duration::from_secs(15);

/// When the threads last gave a sign, in milliseconds since it was made.
pub struct Liveness {
    begun: Instant,
    accepting: AtomicU64,
    working: AtomicU64,
}

impl Liveness {
    /// All alive.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            accepting: AtomicU64::default(),
            working: AtomicU64::default(),
        }
    }

    /// The accept loop came round.
    pub fn accepting(&self) {
        self.accepting.store(self.now(), Ordering::Relaxed);
    }

    /// A worker asked for the next request.
    pub fn working(&self) {
        self.working.store(self.now(), Ordering::Relaxed);
    }

    /// Whether clients are accepted and answered. A request may take a worker
    /// this long.
    pub fn is_alive(&self, request: Duration) -> bool {
        let within = |sign: &AtomicU64, limit: Duration| {
            let age = self.now().saturating_sub(sign.load(Ordering::Relaxed));
            Duration::from_millis(age) <= limit
        };
        within(&self.accepting, ACCEPT) && within(&self.working, request)
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_must_have_given_a_sign_of_life_lately() {
        let minute = Duration::from_mins(1);
        assert!(Liveness::new().is_alive(minute));
        let hour_ago = Instant::now().checked_sub(minute * 60).unwrap();
        let silent = || Liveness { begun: hour_ago, ..Liveness::new() };
        let (accepts, works, both) = (silent(), silent(), silent());
        accepts.accepting();
        works.working();
        both.accepting();
        both.working();
        let alive = [&silent(), &accepts, &works, &both].map(|signs| signs.is_alive(minute));
        assert_eq!(alive, [false, false, false, true]);
    }
}
