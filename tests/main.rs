//! The one integration-test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "tests make files, and look into the database")]

mod ahead;
mod api;
mod audit;
mod browser;
mod commands;
mod daemon;
mod exports;
mod faults;
mod figures;
mod forward;
mod golden;
mod keys;
mod kpi;
mod money;
mod overlay;
mod packaging;
mod properties;
mod rep;
mod report;
mod rows;
mod sample;
mod score;
mod senders;
mod strict;
mod support;
mod tidy;
mod tidy_docs;
mod tidy_sources;
mod told;
