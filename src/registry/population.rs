//! Who counts as population, from the registry or from what stands in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::files::hex;
use crate::store::{Reader, Result, SqlValue, StoreError};

const REGISTRY_MEMBERS: &str = include_str!("../../schema/score/registry_members.sql");
const REGISTRY_HEADS: &str = include_str!("../../schema/score/registry_heads.sql");
const PERSON_HEADS: &str = include_str!("../../schema/score/person_heads.sql");

/// What the population is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PopulationSource {
    /// The registry that was imported last.
    Registry,
    /// Accepted PERSON rows, because there is no registry.
    PersonRows,
}

/// Which registry a result rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryVersion {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Name of the file.
    pub file: String,
    /// When it was imported.
    pub imported_at: String,
}

/// The population in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Population {
    /// What it is taken from.
    pub source: PopulationSource,
    /// The registry, when it is one.
    pub registry: Option<RegistryVersion>,
}

/// What counts where there is no registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonTerms<'a> {
    /// Scheme of the registry that is UC.
    pub uc_scheme: &'a str,
    /// TYPEAREA of residents, who stand in for UC heads.
    pub resident: &'a [String],
    /// The round, B.E., whose registers say who that is.
    pub round: i32,
    /// Submissions up to this one.
    pub as_of: i64,
}

/// UC heads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Heads {
    /// By unit.
    pub by_unit: BTreeMap<String, u64>,
    /// By main unit.
    pub by_main: BTreeMap<String, u64>,
}

/// Citizen IDs, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(Vec<u64>);

impl FromIterator<u64> for Members {
    fn from_iter<I: IntoIterator<Item = u64>>(all: I) -> Self {
        let mut all: Vec<u64> = all.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        all.shrink_to_fit();
        Self(all)
    }
}

impl Members {
    /// Whether somebody is among them.
    pub fn have(&self, cid: u64) -> bool {
        self.0.binary_search(&cid).is_ok()
    }

    /// A digest of them.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.0.iter().for_each(|cid| hash.update(cid.to_be_bytes()));
        hex(&hash.finalize())
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// The population in use.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn population(reader: &Reader) -> Result<Population> {
    let mut registry = None;
    let sql = "SELECT sha256, file, imported_at FROM registry ORDER BY id DESC LIMIT 1";
    reader.each_line(sql, &[], |line| {
        let text = |column| Ok::<_, StoreError>(line.str(column)?.unwrap_or_default().to_owned());
        registry =
            Some(RegistryVersion { sha256: text(0)?, file: text(1)?, imported_at: text(2)? });
        Ok(())
    })?;
    let source =
        if registry.is_some() { PopulationSource::Registry } else { PopulationSource::PersonRows };
    Ok(Population { source, registry })
}

/// Everybody in the registry in use.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn members(reader: &Reader) -> Result<Members> {
    let mut all = Vec::new();
    reader.each_line(REGISTRY_MEMBERS, &[], |line| {
        // 13 digits, of which the first may be 0.
        all.extend(line.int(0)?.map(|cid| cid as u64));
        Ok(())
    })?;
    Ok(all.into_iter().collect())
}

/// UC heads by unit and main unit. `main_of` gives the main unit of a unit
/// where the registry does not.
///
/// # Errors
/// Errors of the database, such as a query that was stopped at its deadline.
pub fn uc_heads(
    reader: &Reader,
    population: &Population,
    terms: &PersonTerms<'_>,
    main_of: &dyn Fn(&str) -> String,
) -> Result<Heads> {
    let sql = match population.source {
        PopulationSource::Registry => REGISTRY_HEADS,
        PopulationSource::PersonRows => PERSON_HEADS,
    };
    let params = [
        (":scheme", SqlValue::Text(terms.uc_scheme.to_ascii_uppercase())),
        (":resident", SqlValue::Text(format!("|{}|", terms.resident.join("|")))),
        (":round", SqlValue::Int(i64::from(terms.round))),
        (":as_of", SqlValue::Int(terms.as_of)),
    ];
    let mut heads = Heads::default();
    reader.each_line(sql, &params, |line| {
        let unit = line.str(0)?.unwrap_or_default().to_owned();
        let main = line.str(1)?.map_or_else(|| main_of(&unit), str::to_owned);
        let persons = line.int(2)?.unwrap_or_default() as u64;
        *heads.by_unit.entry(unit).or_default() += persons;
        *heads.by_main.entry(main).or_default() += persons;
        Ok(())
    })?;
    Ok(heads)
}
