//! What a rule is: an item whose money it is about, what is suspicious, from
//! how much on, and where that is said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limit::{Millionths, Threshold};
use super::query::RuleQuery;
use crate::store::SqlValue;
use crate::text::Bilingual;

/// What a rule's query gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// Suspicious rows.
    Rows,
    /// A numerator and a denominator by unit.
    Rate,
}

/// What the thresholds of a rule count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountedBy {
    /// Rows.
    #[default]
    Rows,
    /// Rows that belong together, such as those of a person or a day.
    Groups,
}

/// A value that a query is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RuleParameter {
    /// A whole number.
    Number(i64),
    /// A text.
    Word(String),
}

impl RuleParameter {
    /// As the store takes it.
    pub fn value(&self) -> SqlValue {
        match self {
            Self::Number(number) => SqlValue::Int(*number),
            Self::Word(word) => SqlValue::Text(word.clone()),
        }
    }
}

/// A rate above which a unit of a class is held, whatever its peers do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// The rate.
    pub rate: Millionths,
    /// The class of unit that it is for; all, when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditRule {
    /// Its name, also that of its files.
    pub id: String,
    /// The item of the rulebook whose money it can hold.
    pub item: String,
    /// What it is called.
    pub name: Bilingual,
    /// What is suspicious, with its parameters filled in.
    pub says: Bilingual,
    /// What its query gives.
    pub kind: RuleKind,
    /// Kinds of record, or building blocks, whose rows of a unit and tranche
    /// are the hundred percent.
    pub denominator: Vec<String>,
    /// What its thresholds count.
    pub counts: CountedBy,
    /// From when on money is held; never, for a rule that only warns.
    pub hold: Option<Threshold>,
    /// From when on there is a warning.
    pub warn: Option<Threshold>,
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
    pub captions: BTreeMap<String, Bilingual>,
    /// Values that its query is given.
    pub parameters: BTreeMap<String, RuleParameter>,
    /// SHA-256 of all that it is made of, hex.
    pub version: String,
    /// Whether the province put its own in the place of the shipped one.
    pub own: bool,
    /// Its query.
    #[serde(skip)]
    pub query: RuleQuery,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub id: String,
    pub item: String,
    pub name: Bilingual,
    pub says: Bilingual,
    pub kind: RuleKind,
    #[serde(default)]
    pub sql: Option<String>,
    #[serde(default)]
    pub denominator: Vec<String>,
    #[serde(default)]
    pub counts: CountedBy,
    #[serde(default)]
    pub hold: Option<Threshold>,
    #[serde(default)]
    pub warn: Option<Threshold>,
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
    pub captions: BTreeMap<String, Bilingual>,
    #[serde(default)]
    pub parameters: BTreeMap<String, RuleParameter>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CaseSeverity {
    /// Somebody should look; no money is touched.
    Warn,
    /// Money of the item is held until it is decided.
    Hold,
}

impl CaseSeverity {
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

impl AuditRule {
    /// What so many suspicious rows come to.
    pub fn judge(&self, counted: u64, rows: u64, denominator: u64) -> Option<CaseSeverity> {
        let reached = |limit: &Option<Threshold>| {
            limit.is_some_and(|limit| limit.is_reached(counted, rows, denominator))
        };
        if reached(&self.hold) {
            Some(CaseSeverity::Hold)
        } else if reached(&self.warn) {
            Some(CaseSeverity::Warn)
        } else {
            None
        }
    }

    /// The threshold of a severity.
    pub fn limit(&self, severity: CaseSeverity) -> Option<Threshold> {
        match severity {
            CaseSeverity::Hold => self.hold,
            CaseSeverity::Warn => self.warn,
        }
    }
}

/// A text with `{name}` put in for each parameter.
pub(super) fn filled(text: &str, parameters: &BTreeMap<String, RuleParameter>) -> String {
    let mut text = text.to_owned();
    for (name, parameter) in parameters {
        let value = match parameter {
            RuleParameter::Number(number) => number.to_string(),
            RuleParameter::Word(word) => word.clone(),
        };
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    text
}
