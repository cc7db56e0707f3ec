//! What is needed to send something on.

use std::path::Path;

use chrono::{DateTime, FixedOffset};

use super::Result;
use crate::environment::Environment;
use crate::store::Store;

/// What is needed to send something on.
#[derive(Clone, Copy)]
pub struct ForwardContext<'a> {
    /// Catalogue, units and configuration.
    pub environment: &'a Environment,
    /// The data folder.
    pub data: &'a Path,
    /// The database in it.
    pub database: &'a Path,
    /// The present time.
    pub now: DateTime<FixedOffset>,
    /// The user on whose behalf it is done.
    pub by: &'a str,
    /// Opens the store for writing, for as long as the ledger is written.
    pub store: &'a dyn Fn() -> Result<Store>,
}
