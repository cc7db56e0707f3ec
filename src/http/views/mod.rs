//! What each route answers. A view reads and never writes.

pub mod docs;
pub mod health;
pub mod pages;
pub mod status;
pub mod submissions;
