//! The environment in force: catalogue, units and configuration as one value
//! that is replaced as a whole on reload.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::environment::Environment;

/// The environment in force, and how often it has been replaced.
pub struct LiveEnvironment {
    current: RwLock<Arc<Environment>>,
    replaced: AtomicU64,
}

impl LiveEnvironment {
    /// Starts with an environment.
    pub fn new(environment: Arc<Environment>) -> Self {
        Self { current: RwLock::new(environment), replaced: AtomicU64::default() }
    }

    /// The environment now; it stays the same for as long as it is held.
    pub fn get(&self) -> Arc<Environment> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces it for requests that begin from here on.
    pub fn set(&self, environment: Arc<Environment>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = environment;
        self.replaced.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has been replaced. Results computed under another
    /// generation are not used any more.
    pub fn generation(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }
}
