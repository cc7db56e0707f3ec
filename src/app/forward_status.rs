//! How destinations stand, for a page that renews itself: reading it takes a
//! pass over rows, which many open pages must not ask for again and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Forward;
use crate::forward::ForwardStatus;

/// For so long it is given again, unless something was received or sent on.
const FRESH: Duration = Duration::from_mins(1);

/// What it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardState {
    /// The last submission.
    pub submission: i64,
    /// The last batch.
    pub batch: i64,
    /// The destinations.
    pub configured: Vec<Forward>,
}

/// What was read last.
#[derive(Default)]
pub struct ForwardStatusCache(Mutex<Option<Kept>>);

struct Kept {
    state: ForwardState,
    at: Instant,
    all: Arc<Vec<ForwardStatus>>,
}

impl ForwardStatusCache {
    /// What was read of the same state within a minute, else what `read` gives.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn get<E>(
        &self,
        state: ForwardState,
        read: impl FnOnce() -> Result<Vec<ForwardStatus>, E>,
    ) -> Result<Arc<Vec<ForwardStatus>>, E> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &&Kept| kept.state == state && kept.at.elapsed() < FRESH;
        if let Some(kept) = kept.as_ref().filter(same) {
            return Ok(Arc::clone(&kept.all));
        }
        let all = Arc::new(read()?);
        *kept = Some(Kept { state, at: Instant::now(), all: Arc::clone(&all) });
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_again_once_something_was_received_or_sent_on() {
        let cache = ForwardStatusCache::default();
        let mut read = 0;
        let state = |submission, batch| ForwardState { submission, batch, configured: vec![] };
        for (submission, batch) in [(1, 1), (1, 1), (2, 1), (2, 2), (2, 2)] {
            let got: Result<_, ()> = cache.get(state(submission, batch), || {
                read += 1;
                Ok(Vec::new())
            });
            assert!(got.unwrap().is_empty());
        }
        assert_eq!(read, 3);
        let failed = cache.get(state(3, 3), || Err("no"));
        assert_eq!(failed.unwrap_err(), "no");
    }
}
