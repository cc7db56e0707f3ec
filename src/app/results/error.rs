//! Why a result cannot be given.

use crate::store::StoreError;

/// Why a result cannot be given. Details of failures are in the log; what is
/// here is fit for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResultsError {
    /// It is being computed.
    #[error("the results are being computed")]
    NotReady,
    /// There is no indicator of this id.
    #[error("there is no such indicator")]
    NoKpi,
    /// There is no rulebook of the round asked for; there are these.
    #[error("there are rulebooks of {0}")]
    NoRound(String),
    /// The rulebook of the round has a mistake.
    #[error("the rulebook is not valid")]
    InvalidRulebook,
    /// The round cannot be computed by its rulebook.
    #[error("the round cannot be computed")]
    NotComputable,
    /// A definition of an indicator has a mistake.
    #[error("a definition of an indicator is not valid")]
    InvalidDefinition,
    /// A period or level that cannot be read, by its name.
    #[error("{0} cannot be read")]
    InvalidParameter(&'static str),
    /// It took longer than `limits.kpi_ms`.
    #[error("computing took longer than limits.kpi_ms")]
    TooLong,
    /// A query took longer than it may.
    #[error("a query took too long")]
    StoreTimeout,
    /// The database does not answer.
    #[error("the database does not answer")]
    Store,
    /// A fault of this program.
    #[error("a fault of the program")]
    Bug,
}

impl From<StoreError> for ResultsError {
    fn from(error: StoreError) -> Self {
        if error.is_deadline() {
            return Self::StoreTimeout;
        }
        // What SQLite says may name paths of this machine; it is for the log.
        log::error!("computing a result: {error}");
        Self::Store
    }
}
