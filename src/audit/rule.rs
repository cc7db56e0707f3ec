//! What a rule is: an item whose money it is about, what is suspicious, from
//! how much on, and where that is said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limit::{Limit, Millionths};
use super::query::Query;
use crate::store::Value;

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Thai.
    pub th: String,
    /// English.
    pub en: String,
}

/// What a rule's query gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Suspicious rows.
    Rows,
    /// A numerator and a denominator by unit.
    Rate,
}

/// What the thresholds of a rule count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// Rows.
    #[default]
    Rows,
    /// Rows that belong together, such as those of a person or a day.
    Groups,
}

/// A value that a query is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// A whole number.
    Number(i64),
    /// A text.
    Word(String),
}

impl Parameter {
    /// As the store takes it.
    pub fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Int(*number),
            Self::Word(word) => Value::Text(word.clone()),
        }
    }
}

/// A rate above which a unit of a class is held, whatever its peers do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// The rate.
    pub rate: Millionths,
    /// The class of unit that it is for; all, when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Its name, also that of its files.
    pub id: String,
    /// The item of the rulebook whose money it can hold.
    pub item: String,
    /// What it is called.
    pub name: Text,
    /// What is suspicious, with its parameters filled in.
    pub says: Text,
    /// What its query gives.
    pub kind: Kind,
    /// Kinds of record, or building blocks, whose rows of a unit and tranche
    /// are the hundred percent.
    pub denominator: Vec<String>,
    /// What its thresholds count.
    pub counts: Counts,
    /// From when on money is held; never, for a rule that only warns.
    pub hold: Option<Limit>,
    /// From when on there is a warning.
    pub warn: Option<Limit>,
    /// Fewest units of a class that are compared with each other.
    pub peers_least: usize,
    /// A rate that nobody passes.
    pub ceiling: Option<Ceiling>,
    /// The same for each part of a rate.
    pub ceilings: BTreeMap<String, Millionths>,
    /// Where it is said.
    pub source: String,
    /// What no public source says.
    pub local_defaults: Vec<String>,
    /// Values that are shown beside a row, in order.
    pub shows: Vec<String>,
    /// What they are called.
    pub captions: BTreeMap<String, Text>,
    /// Values that its query is given.
    pub parameters: BTreeMap<String, Parameter>,
    /// SHA-256 of all that it is made of, hex.
    pub version: String,
    /// Whether the province put its own in the place of the shipped one.
    pub own: bool,
    /// Its query.
    #[serde(skip)]
    pub query: Query,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub id: String,
    pub item: String,
    pub name: Text,
    pub says: Text,
    pub kind: Kind,
    #[serde(default)]
    pub sql: Option<String>,
    #[serde(default)]
    pub denominator: Vec<String>,
    #[serde(default)]
    pub counts: Counts,
    #[serde(default)]
    pub hold: Option<Limit>,
    #[serde(default)]
    pub warn: Option<Limit>,
    #[serde(default)]
    pub peers_least: Option<usize>,
    #[serde(default)]
    pub ceiling: Option<Ceiling>,
    #[serde(default)]
    pub ceilings: BTreeMap<String, Millionths>,
    pub source: String,
    #[serde(default)]
    pub local_defaults: Vec<String>,
    #[serde(default)]
    pub shows: Vec<String>,
    #[serde(default)]
    pub captions: BTreeMap<String, Text>,
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look; no money is touched.
    Warn,
    /// Money of the item is held until it is decided.
    Hold,
}

impl Severity {
    /// As it is stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Hold => "hold",
        }
    }

    /// One of these words.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Warn, Self::Hold].into_iter().find(|severity| severity.as_str() == text)
    }
}

impl Rule {
    /// What so many suspicious rows come to.
    pub fn judge(&self, counted: u64, rows: u64, denominator: u64) -> Option<Severity> {
        let reached = |limit: &Option<Limit>| {
            limit.is_some_and(|limit| limit.is_reached(counted, rows, denominator))
        };
        if reached(&self.hold) {
            Some(Severity::Hold)
        } else if reached(&self.warn) {
            Some(Severity::Warn)
        } else {
            None
        }
    }

    /// The threshold of a severity.
    pub fn limit(&self, severity: Severity) -> Option<Limit> {
        match severity {
            Severity::Hold => self.hold,
            Severity::Warn => self.warn,
        }
    }
}

/// A text with `{name}` put in for each parameter.
pub(super) fn filled(text: &str, parameters: &BTreeMap<String, Parameter>) -> String {
    let mut text = text.to_owned();
    for (name, parameter) in parameters {
        let value = match parameter {
            Parameter::Number(number) => number.to_string(),
            Parameter::Word(word) => word.clone(),
        };
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    text
}
