//! Why somebody is not let in.

use crate::store::StoreError;

/// Why somebody is not let in, or what they do cannot be logged.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No token exists yet, and the client is not on this machine.
    #[error("only this machine is served until there is a token")]
    NotLocal,
    /// The token is unknown, revoked or expired.
    #[error("the token is unknown, revoked or expired")]
    InvalidToken,
    /// Too many wrong tokens within a minute.
    #[error("too many wrong tokens")]
    Throttled,
    /// The token of a monitoring system opens no pages.
    #[error("a token of the role metrics opens no pages")]
    NoPages,
    /// The system gives no random numbers.
    #[error("no random numbers")]
    NoRandom,
    /// The token database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
