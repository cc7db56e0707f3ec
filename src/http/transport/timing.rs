//! Timing that several parts of the transport share.

use std::io::ErrorKind;
use std::time::Duration;

/// How often a waiting loop checks whether it shall end.
pub const TICK: Duration = Duration::from_millis(200);

/// How long a newcomer waits for a connection slot when all are busy. After
/// one has waited in vain, nobody waits until a slot is free again: else a
/// crowd would wait one after the other.
pub const SLOT_WAIT: Duration = Duration::from_millis(500);

/// Whether an operation only ran out of time.
pub fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
