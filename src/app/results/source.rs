//! What results are computed from: the store, the rulebooks, the environment.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::ResultsError;
use super::key::{DataState, ResultKey};
use crate::app::environment::LiveEnvironment;
use crate::score::{Rulebook, Rulebooks};
use crate::store::Reader;

/// What results are computed from.
pub struct ResultSource {
    /// The database file.
    pub database: PathBuf,
    /// The data folder, with the province's own rulebooks and indicators.
    pub data: PathBuf,
    /// Catalogue, units and configuration in force.
    pub environment: Arc<LiveEnvironment>,
}

impl ResultSource {
    /// The state of the data as `reader` sees it, for these results.
    ///
    /// # Errors
    /// Errors of the database, and a round whose rulebook is missing or wrong.
    pub fn state(&self, reader: &Reader, keys: &[ResultKey]) -> Result<DataState, ResultsError> {
        let mut rest = format!("{} {}", self.environment.generation(), reader.changes()?);
        for key in keys {
            if let ResultKey::Round(round) = key {
                let steps = reader.audit_last_step()?;
                rest = format!("{rest} {steps} {}", self.rulebook(*round)?.sha256);
            }
        }
        Ok(DataState { submissions: reader.committed()?, rest })
    }

    /// The rulebook of a round.
    ///
    /// # Errors
    /// Fails if there is no rulebook of the round, or it cannot be read.
    pub fn rulebook(&self, round: i32) -> Result<Rulebook, ResultsError> {
        let rulebooks = Rulebooks::open(&self.data);
        if !rulebooks.rounds().contains_key(&round) {
            let known: Vec<String> = rulebooks.rounds().keys().map(ToString::to_string).collect();
            return Err(ResultsError::NoRound(known.join(", ")));
        }
        rulebooks.rulebook(round).map_err(|error| {
            log::error!("{error}");
            ResultsError::InvalidRulebook
        })
    }
}
