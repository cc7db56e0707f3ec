//! Turns at the workers: no more requests are under way than there are
//! workers, so that one in reserve is free for what must be answered always.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// So many turns at once.
pub struct Turns {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A turn; given back when dropped.
pub struct Turn<'t>(Option<&'t Turns>);

impl Turns {
    /// All of them free.
    pub fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), given_back: Condvar::new() }
    }

    /// Waits for a turn; none when there is none in time. What is answered
    /// always needs none.
    pub fn take(&self, always: bool, until: Instant) -> Option<Turn<'_>> {
        if always {
            return Some(Turn(None));
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.given_back.wait_timeout(free, left);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Turn(Some(self)))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Some(turns) = self.0 else { return };
        *turns.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        turns.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_few_and_come_back() {
        let (turns, now) = (Turns::new(2), Instant::now());
        let first = turns.take(false, now).unwrap();
        let _second = turns.take(false, now).unwrap();
        assert!(turns.take(false, now).is_none());
        assert!(turns.take(true, now).is_some(), "what is answered always needs none");
        assert!(turns.take(false, now).is_none(), "and gives none back");
        drop(first);
        assert!(turns.take(false, now).is_some());
    }
}
