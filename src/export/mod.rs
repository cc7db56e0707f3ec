//! Exports: KPIs and reports as folders that appear whole.
//!
//! `DATA/exports/NAME/DATE/` is made in this order:
//!
//! 1. `export_begun`: a folder of a hidden name is made beside it.
//! 2. `export_written`: every file is in it, `manifest.json` last, and durable.
//! 3. `export_named`: it has its name, by one rename.
//! 4. `export_done`: the schedule's state is written, and what is more than
//!    is to be kept is put aside under hidden names (`export_aside`), and
//!    removed.
//!
//! A folder without a hidden name is whole, whatever happened. The manifest
//! says which time of the schedule it answers, so that the folder itself is
//! the record that the run was made: there is no moment at which one is there
//! without the other.

mod document;
mod folder;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keep;
mod layout;
mod manifest;
mod period;
mod plan;
mod region;
mod run;
mod state;
mod texts;

pub use document::{KpiPage, page_of};
pub use folder::{ExportFolder, list, names, sweep};
pub use layout::{Layouts, ReportLayout};
pub use manifest::{FileLine, Manifest};
pub use period::PeriodRule;
pub use plan::{ExportContent, ExportPlan, check_name, chosen, plans};
pub use region::{RegionReport, report};
pub use run::{ExportContext, RenderedExport, compose, run};
pub use state::{ScheduleState, known_past, past, seen_to};

use crate::files::FileError;
use crate::kpi::KpiError;
use crate::report::ReportError;
use crate::store::StoreError;

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file or folder failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A KPI could not be counted.
    #[error(transparent)]
    Kpi(#[from] KpiError),
    /// A form could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The request cannot be carried out; the text says why.
    #[error("{0}")]
    Refused(String),
}

/// Result of an export's step.
pub type Result<T> = std::result::Result<T, ExportError>;
