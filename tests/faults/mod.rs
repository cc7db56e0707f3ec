//! What must hold when the program is killed, or has trouble of its own.

mod backup;
mod kill;
mod leftover;
mod modes;
mod order;
mod ours;
mod random;
mod room;
mod trouble;
mod unreadable;
mod upload;
