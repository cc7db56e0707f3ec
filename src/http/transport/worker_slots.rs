//! Worker slots: at most as many requests are under way as there are workers,
//! so that the worker in reserve is free for health and metrics.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// A number of slots.
pub struct WorkerSlots {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A slot; given back when dropped.
pub struct WorkerSlot<'t>(Option<&'t WorkerSlots>);

impl WorkerSlots {
    /// All of them free.
    pub fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), given_back: Condvar::new() }
    }

    /// Waits for a slot; none when there is none in time. A request that is
    /// `always` answered needs none.
    pub fn take(&self, always: bool, until: Instant) -> Option<WorkerSlot<'_>> {
        if always {
            return Some(WorkerSlot(None));
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
        Some(WorkerSlot(Some(self)))
    }
}

impl Drop for WorkerSlot<'_> {
    fn drop(&mut self) {
        let Some(slots) = self.0 else { return };
        *slots.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        slots.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_few_and_come_back() {
        let (slots, now) = (WorkerSlots::new(2), Instant::now());
        let first = slots.take(false, now).unwrap();
        let _second = slots.take(false, now).unwrap();
        assert!(slots.take(false, now).is_none());
        assert!(slots.take(true, now).is_some(), "what is answered always needs none");
        assert!(slots.take(false, now).is_none(), "and gives none back");
        drop(first);
        assert!(slots.take(false, now).is_some());
    }
}
