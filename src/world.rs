//! What the program rests on while it runs: the catalogue with its plans, the
//! units, the configuration.

use std::collections::HashMap;

use crate::archive::Standard;
use crate::catalog::{Catalog, Layout, Record};
use crate::config::Config;
use crate::row::Plan;
use crate::units::Units;

/// Everything that stays the same from archive to archive.
pub struct World {
    /// Facts about data.
    pub catalog: Catalog,
    /// The facilities.
    pub units: Units,
    /// The choices.
    pub config: Config,
    plans: HashMap<(usize, Standard), Plan>,
}

impl World {
    /// Makes the plans of all files; fails on a check that cannot be read.
    pub fn new(catalog: Catalog, units: Units, config: Config) -> Result<Self, String> {
        let mut plans = HashMap::new();
        for (index, record) in catalog.records.iter().enumerate() {
            for layout in record.layouts() {
                plans.insert((index, layout.standard), Plan::new(&catalog, record, layout)?);
            }
        }
        Ok(Self { catalog, units, config, plans })
    }

    /// The plan of a record in a standard that has it.
    pub fn plan(&self, record: usize, standard: Standard) -> &Plan {
        &self.plans[&(record, standard)]
    }

    /// The record and layout of a record in a standard that has it.
    pub fn file(&self, record: usize, standard: Standard) -> (&Record, &Layout) {
        let record = &self.catalog.records[record];
        (record, record.layout(standard).expect("members are found by their layout"))
    }

    /// The record of a file by name, with the name as the standard writes it.
    pub fn record_of(&self, standard: Standard, file: &str) -> Option<(usize, String)> {
        let (record, layout) = self.catalog.file(standard, file)?;
        let index = self.catalog.records.iter().position(|other| other.name == record.name)?;
        Some((index, layout.file.clone()))
    }
}
