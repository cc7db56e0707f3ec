//! The thread that computes results.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::cache::ResultCache;
use super::compute::compute_batch;
use super::key::ResultKey;

/// Starts the thread that computes what is asked for, until `stop`.
///
/// # Errors
/// Fails if the system starts no thread.
pub fn start(cache: Arc<ResultCache>, stop: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("results".into()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            work(&cache, &stop);
        }
    })
}

/// Computes what is queued, then waits a moment for more.
fn work(cache: &ResultCache, stop: &Arc<AtomicBool>) {
    let Some(first) = cache.next(|_| true) else {
        cache.wait_for_work();
        return;
    };
    // Results that share intermediate tables come next; any other is computed
    // on a snapshot of its own.
    let next = || {
        let more = !stop.load(Ordering::Relaxed);
        more.then(|| cache.next(|key| matches!(key, ResultKey::Kpi(..)))).flatten()
    };
    compute_batch((cache, stop), first, next, |key, (state, outcome)| {
        cache.insert(key, state, outcome);
    });
}
