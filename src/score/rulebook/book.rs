//! The contents of a rulebook.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::days::{DaySpan, RulePeriod};
use super::money::Money;
use super::points::Item;
use super::quality::Quality;
use crate::files::hex;
use crate::text::Bilingual;

/// A mistake in a rulebook.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {what}")]
pub struct RulebookError {
    /// The file.
    pub file: String,
    /// What is wrong, with its key.
    pub what: String,
}

/// How persons are told apart when their rows are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRules {
    /// Scheme of the registry that counts as UC population.
    pub uc_scheme: String,
    /// TYPEAREA of residents.
    pub resident: Vec<String>,
    /// NATION of Thais.
    pub thai: String,
    /// Codes of NATION that say that it is not known, as a blank does.
    #[serde(default)]
    pub nation_unknown: Vec<String>,
    /// DISCHARGE of the dead.
    pub dead: String,
    /// Source of the rule.
    pub source: String,
}

/// A value that no public source gives; it is set locally and marked as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalDefault {
    /// The key that it is about.
    pub key: String,
    /// What we chose.
    #[serde(flatten)]
    pub text: Bilingual,
}

/// A rulebook: everything that is decided for a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// The round, B.E.
    pub round: i32,
    /// Source of the rules.
    pub source: String,
    /// Days of service of the round.
    pub window: DaySpan,
    /// Last day of sending: what is sent later has no part in the round's points
    /// and quality.
    pub sent_by: NaiveDate,
    /// How persons are told apart when their rows are counted.
    pub person: PersonRules,
    /// What scores.
    pub points: Vec<Item>,
    /// Half-years of quality.
    #[serde(rename = "tranche")]
    pub tranches: Vec<RulePeriod>,
    /// Quality.
    pub quality: Quality,
    /// Pools, and how they are shared.
    pub money: Money,
    /// What no public source says.
    #[serde(rename = "local_default")]
    pub local_defaults: Vec<LocalDefault>,
    /// File that it was read from.
    #[serde(skip)]
    pub file: String,
    /// SHA-256 of its text, hex: what a result rests on.
    #[serde(skip)]
    pub sha256: String,
    /// Its text, which is kept of what was paid by it.
    #[serde(skip)]
    pub text: String,
}

impl Rulebook {
    /// Reads a rulebook. `file` names it in messages. It is not checked for
    /// being consistent, see [`check::check`].
    ///
    /// # Errors
    /// The first mistake in the text, with file and line.
    pub fn parse(file: &str, text: &str) -> Result<Self, RulebookError> {
        let mut book: Self = toml::from_str(text).map_err(|error| RulebookError {
            file: file.to_owned(),
            what: error.to_string().trim_end().to_owned(),
        })?;
        file.clone_into(&mut book.file);
        book.sha256 = hex(&Sha256::digest(text.as_bytes()));
        text.clone_into(&mut book.text);
        Ok(book)
    }

    /// An item by name.
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.points.iter().find(|item| item.item == name)
    }

    /// Keys of all that no public source says, in the order of the rulebook.
    pub fn local_default_keys(&self) -> Vec<String> {
        self.local_defaults.iter().map(|local| local.key.clone()).collect()
    }

    /// Texts of a local default by key.
    pub fn local_default_texts(&self) -> BTreeMap<&str, &LocalDefault> {
        self.local_defaults.iter().map(|local| (local.key.as_str(), local)).collect()
    }
}
