//! What sample is to be made.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::archive::Standard;

/// What to make.
#[derive(Debug, Clone)]
pub struct SampleArgs {
    /// Folder to write to; made when it is not there.
    pub dir: PathBuf,
    /// Number of health units, 1–900.
    pub units: u32,
    /// Number of residents, at least one a unit.
    pub persons: u32,
    /// Months of service, 1–240.
    pub months: u32,
    /// Seed of all random choices.
    pub seed: u64,
    /// Standard of the archives; the 43 files unless told.
    pub standard: Option<Standard>,
    /// Share of rows to spoil, 0–0.5; above 0 also brings broken archives.
    pub defects: f64,
    /// First month of service (any day of it).
    pub start: NaiveDate,
}
