//! Ways in for the fuzzer (`fuzz/`): one file of definitions at a time. No
//! other build has them.

use super::definition::Definition;
use super::library::{KpiFiles, LibraryError, builtin, definitions};
use super::period::PeriodDays;

/// The queries that are part of the program.
pub struct Queries(KpiFiles);

impl Queries {
    /// Unpacks them.
    pub fn builtin() -> Result<Self, LibraryError> {
        builtin().map(Self)
    }

    /// The definitions of a file.
    pub fn definitions(&self, file: &str, text: &str) -> Result<Vec<Definition>, LibraryError> {
        definitions(&self.0, file, text)
    }
}

/// What a definition's parameters are in a period, as the query gets them.
pub fn parameters(definition: &Definition, days: &PeriodDays) -> Vec<String> {
    let values = definition.parameters.values();
    values.map(|parameter| format!("{:?}", parameter.value(days))).collect()
}
