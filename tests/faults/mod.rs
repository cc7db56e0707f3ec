//! What must hold when the program is killed, or has trouble of its own.

mod kill;
mod leftover;
mod order;
mod ours;
mod random;
mod trouble;
mod unreadable;
mod upload;
