//! Key performance indicators: one SQL file in `schema/kpi/` and one TOML in
//! `config/kpi/` each, counted for any period and level, and explained.
//!
//! The SQL answers with one row for a person (or a visit, or a unit) and a
//! unit; run, explain and work lists all come from that one query, so that
//! they cannot disagree. It knows no engine's date functions: dates are
//! integers `YYYYMMDD`, and every cut-off day is a parameter worked out here.
//! What a KPI means stands in the data; this folder knows only *kinds* of
//! period, parameter and scale.

mod aggregate;
mod amount;
mod calculator;
mod cohorts;
mod definition;
mod explain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod incremental;
mod level;
mod library;
mod lists;
mod need;
mod needs;
mod period;
mod query;
mod reported;
mod result;
mod session;

pub(crate) use aggregate::NO_COHORT;
pub use amount::{Amount, value_text};
pub use calculator::{Calculator, run};
pub(crate) use cohorts::{Cohort, Cohorts, KNOWN};
pub use definition::{CountingUnit, Definition, Direction, Parameter, ValueScale, Window};
pub use explain::{
    ConditionCheck, FunnelStep, Missing, PersonExplained, PersonOutcome, Registration,
    UnitExplained,
};
pub use level::Level;
pub use library::{Library, LibraryError};
pub use period::{Period, PeriodDays, PeriodError, YearKind, years};
pub use query::{Block, Query};
pub use reported::{REGION, ReportedEntry, read_entries};
pub use result::{KpiResult, KpiRow, NotComputable, PeriodSpan};

use crate::store::StoreError;

/// Why a KPI gave no answer; none of it is about the data.
#[derive(Debug, thiserror::Error)]
pub enum KpiError {
    /// The store failed.
    #[error("KPI {kpi}: {cause}")]
    Store {
        /// Which KPI.
        kpi: String,
        /// What the store said.
        cause: StoreError,
    },
    /// The query ran longer than it may.
    #[error("KPI {kpi}: stopped, it took longer than limits.kpi_ms allows")]
    TooLong {
        /// Which KPI.
        kpi: String,
    },
    /// The query does not answer as its definition says.
    #[error("KPI {kpi}: {what}")]
    Shape {
        /// Which KPI.
        kpi: String,
        /// What is wrong.
        what: String,
    },
}

impl KpiError {
    /// An error of the store while a KPI was counted.
    fn from_store(kpi: &str, cause: StoreError) -> Self {
        let kpi = kpi.to_owned();
        if cause.is_deadline() { Self::TooLong { kpi } } else { Self::Store { kpi, cause } }
    }
}

#[cfg(test)]
mod tests;
