//! What must hold when the program is killed, or has trouble of its own.

mod backup;
mod kill;
mod leftover;
mod modes;
mod random;
mod room;
mod trouble;
mod upload;
