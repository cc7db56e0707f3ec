//! What the program rests on while it runs: the catalogue with its plans, the
//! units, the configuration.

use std::collections::{BTreeSet, HashMap};

use crate::archive::Standard;
use crate::catalog::{Catalog, Layout, Record};
use crate::config::Config;
use crate::row::{Blanks, Plan};
use crate::units::Units;

/// The year from which a check holds that holds in every year.
const ALWAYS: i32 = 0;

/// Everything that stays the same from archive to archive.
pub struct World {
    /// Facts about data.
    pub catalog: Catalog,
    /// The facilities.
    pub units: Units,
    /// The choices.
    pub config: Config,
    /// Words that stand for nothing.
    pub blanks: Blanks,
    /// By the fiscal year from which they hold, the first one first.
    plans: HashMap<(usize, Standard), Vec<(i32, Plan)>>,
}

impl World {
    /// Makes the plans of all files; fails on a check that cannot be read.
    pub fn new(catalog: Catalog, units: Units, config: Config) -> Result<Self, String> {
        let mut plans = HashMap::new();
        for (index, record) in catalog.records.iter().enumerate() {
            for layout in record.layouts() {
                let checks = layout.columns.iter().flat_map(|column| &column.checks);
                let years: BTreeSet<i32> =
                    checks.map(|check| check.since).chain([ALWAYS]).collect();
                let plan = |year| Ok((year, Plan::new(&catalog, record, layout, year)?));
                let of_years = years.into_iter().map(plan).collect::<Result<_, String>>()?;
                plans.insert((index, layout.standard), of_years);
            }
        }
        let blanks = Blanks::new(&config.rows.blank);
        Ok(Self { catalog, units, config, blanks, plans })
    }

    /// The plan of a record in a standard that has it: its columns and codes,
    /// which are the same in every year.
    pub fn plan(&self, record: usize, standard: Standard) -> &Plan {
        self.plan_in(record, standard, ALWAYS)
    }

    /// The plan by which archives of a fiscal year (B.E.) are judged.
    pub fn plan_in(&self, record: usize, standard: Standard, year: i32) -> &Plan {
        let plans = &self.plans[&(record, standard)];
        let later = plans.partition_point(|(since, _)| *since <= year);
        &plans[later.max(1) - 1].1
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
