//! What must hold when the program is killed, or has trouble of its own.

mod backup;
mod kill;
mod leftover;
mod random;
mod trouble;
mod upload;
