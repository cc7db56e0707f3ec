//! What each route answers. A view reads; those that change something say so.

pub mod archives;
pub mod docs;
pub mod health;
pub mod pages;
pub mod status;
pub mod submissions;
