//! The transport: clients in front, `tiny_http` behind.
//!
//! `tiny_http` has no timeouts, no limit on heads, and a thread for each
//! connection, so it never sees a client. [`listener`] accepts clients with a
//! bounded number of connections ([`connection_pool`]), a deadline for each step
//! and a limit on each size ([`limits`]). A whole, well-formed request is handed
//! to [`upstream`], one per connection; its reply is read whole and sent at the
//! client's pace. What a reply says is not decided here.

mod body;
pub mod connection;
mod connection_pool;
pub mod head;
mod limits;
pub mod listener;
pub mod liveness;
mod peer;
mod timing;
mod transfer_rate;
pub mod upstream;
mod worker_slots;

#[cfg(test)]
pub use connection_pool::RESERVED;
pub use limits::longest_reply;
