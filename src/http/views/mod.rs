//! Views: what each route answers. A file here is an address or a few related
//! ones, with its routes in `ROUTES`; views that change something say so.

pub mod access;
pub mod archives;
pub mod audit;
pub mod docs;
pub mod document;
pub mod expected;
pub mod exports;
pub mod forward;
pub mod health;
pub mod kpi;
pub mod metrics;
pub mod pages;
pub mod rep;
pub mod rounds;
pub mod sign_in;
pub mod status;
pub mod submissions;
pub mod waiting;
