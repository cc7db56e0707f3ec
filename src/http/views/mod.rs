//! What each route answers. A view reads and never writes.

pub mod access;
pub mod docs;
pub mod health;
pub mod pages;
pub mod sign_in;
pub mod status;
pub mod submissions;
