//! What the program works by while it runs: the catalogue with its compiled
//! layouts, the units, the configuration.

use std::collections::{BTreeSet, HashMap};

use crate::archive::Standard;
use crate::catalog::{Catalog, CatalogError, Layout, Record};
use crate::config::Config;
use crate::row::{Blanks, CompiledLayout};
use crate::units::Units;

/// The year from which a check holds that holds in every year.
const ALWAYS: i32 = 0;

/// Everything that stays the same from archive to archive.
pub struct Environment {
    /// Records, checks, codes and findings of `schema/`.
    pub catalog: Catalog,
    /// The facilities in force.
    pub units: Units,
    /// The configuration in force.
    pub config: Config,
    /// Values that are read as blank, such as `NULL`.
    pub blanks: Blanks,
    /// By record and standard: the fiscal year (B.E.) from which each compiled
    /// layout holds, in ascending order.
    layouts: HashMap<(usize, Standard), Vec<(i32, CompiledLayout)>>,
}

impl Environment {
    /// Compiles the layouts of all files.
    ///
    /// # Errors
    ///
    /// Fails on a check whose kind or parameter cannot be read; the message
    /// names file and line.
    pub fn new(catalog: Catalog, units: Units, config: Config) -> Result<Self, String> {
        let mut layouts = HashMap::new();
        for (index, record) in catalog.records.iter().enumerate() {
            for layout in record.layouts() {
                let checks = layout.columns.iter().flat_map(|column| &column.checks);
                let years: BTreeSet<i32> =
                    checks.map(|check| check.since).chain([ALWAYS]).collect();
                let compile =
                    |year| Ok((year, CompiledLayout::new(&catalog, record, layout, year)?));
                let compiled = years.into_iter().map(compile).collect::<Result<_, CatalogError>>();
                let compiled = compiled.map_err(|error| error.to_string())?;
                layouts.insert((index, layout.standard), compiled);
            }
        }
        let blanks = Blanks::new(&config.rows.blank);
        Ok(Self { catalog, units, config, blanks, layouts })
    }

    /// The compiled layout of a record in a standard that has it, for its
    /// columns and codes, which are the same in every year.
    ///
    /// # Panics
    ///
    /// Panics when the standard does not have the record.
    pub fn compiled_layout(&self, record: usize, standard: Standard) -> &CompiledLayout {
        self.compiled_layout_in(record, standard, ALWAYS)
    }

    /// The compiled layout by which archives of a fiscal year (B.E.) are
    /// validated.
    ///
    /// # Panics
    ///
    /// Panics when the standard does not have the record.
    pub fn compiled_layout_in(
        &self,
        record: usize,
        standard: Standard,
        year: i32,
    ) -> &CompiledLayout {
        let layouts = &self.layouts[&(record, standard)];
        let later = layouts.partition_point(|(since, _)| *since <= year);
        &layouts[later.max(1) - 1].1
    }

    /// A record with its layout in a standard that has it.
    ///
    /// # Panics
    ///
    /// Panics when the standard does not have the record.
    pub fn file(&self, record: usize, standard: Standard) -> (&Record, &Layout) {
        let record = &self.catalog.records[record];
        (record, record.layout(standard).expect("members are found by their layout"))
    }

    /// The position of the record that a file of a standard holds, and the name
    /// of the file as the standard writes it.
    pub fn record_of(&self, standard: Standard, file: &str) -> Option<(usize, String)> {
        let (record, layout) = self.catalog.file(standard, file)?;
        let index = self.catalog.records.iter().position(|other| other.name == record.name)?;
        Some((index, layout.file.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said at start of a catalogue with a change in SERVICE.
    fn refused(from: &str, to: &str) -> String {
        let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let mut names: Vec<String> =
            ["findings.csv", "shapes.csv", "versions.toml"].map(str::to_owned).to_vec();
        for folder in ["codes", "records"] {
            let files = std::fs::read_dir(schema.join(folder)).unwrap();
            let name = |file: std::fs::DirEntry| file.file_name().into_string().unwrap();
            names.extend(files.map(|file| format!("{folder}/{}", name(file.unwrap()))));
        }
        let read = |name: &String| std::fs::read_to_string(schema.join(name)).unwrap();
        let mut sources: Vec<(String, String)> =
            names.iter().map(|name| (name.clone(), read(name))).collect();
        let service = sources.iter_mut().find(|(file, _)| file == "records/service.toml").unwrap();
        assert!(service.1.contains(from), "{from}");
        service.1 = service.1.replacen(from, to, 1);
        let line = 1 + service.1.split(to).next().unwrap().matches('\n').count();
        let catalog = Catalog::from_sources(&sources, None).unwrap();
        let units = Units::load(&schema.with_file_name("config/units.csv")).unwrap();
        let error = Environment::new(catalog, units, Config::default()).err().unwrap();
        let place = format!("schema/records/service.toml:{line}: ");
        error.strip_prefix(&place).unwrap_or_else(|| panic!("{error} is not at {place}")).to_owned()
    }

    #[test]
    fn a_check_that_no_kind_reads_is_refused_at_start_with_file_and_line() {
        for (from, to, what) in [
            (
                r#"{ code = "SE1101", kind = "width""#,
                r#"{ code = "SE1101", kind = "widht""#,
                "SE1101: no kind of check widht; nearest: width",
            ),
            (
                r#"{ code = "SE1101", kind = "width", param = "5" }"#,
                r#"{ code = "SE1101", kind = "width", param = "five" }"#,
                "SE1101: width cannot read \"five\"",
            ),
            (
                r#"{ code = "SE1101", kind = "width", param = "5" }"#,
                r#"{ code = "SE1101", kind = "format_date" }"#,
                "SE1101: format_date is not for Char",
            ),
        ] {
            assert_eq!(refused(from, to), what);
        }
    }
}
