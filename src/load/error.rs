//! Why an archive could not be loaded; never the sender's fault.

use crate::store::StoreError;

/// Our own trouble while loading; the archive stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("reading the archive: {0}")]
    Io(std::io::Error),
    /// A bug: counts that do not add up are never committed.
    #[error("internal: {0}")]
    Bug(String),
}

impl From<std::io::Error> for LoadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
