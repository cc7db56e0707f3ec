//! What each route answers. A view reads and never writes.

pub mod access;
pub mod docs;
pub mod document;
pub mod expected;
pub mod exports;
pub mod health;
pub mod kpi;
pub mod pages;
pub mod rounds;
pub mod sign_in;
pub mod status;
pub mod submissions;
