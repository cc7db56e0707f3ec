//! What must hold when the program is killed, or has trouble of its own.
//! `docs/reliability.md` tells what is promised and which of these tests holds
//! it.

mod archives;
mod backup;
mod cases;
mod descriptors;
mod disk;
pub mod effort;
mod full;
mod kill;
mod ledger;
mod leftover;
mod modes;
mod order;
mod ours;
mod random;
mod room;
mod shim;
mod trouble;
mod units;
mod unreadable;
mod upload;
