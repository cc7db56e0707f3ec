//! Quality of data: dimensions, files, bands.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A count of a file (docs/rules.md#counts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Rows received.
    Received,
    /// Rows stored.
    Accepted,
    /// Rows whose key was taken.
    Duplicate,
    /// Rows with an error.
    Rejected,
    /// Rows stored with a warning.
    Warned,
    /// Rows stored and sent in time.
    OnTime,
}

/// How scores are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Added up over files and dimensions.
    Sum,
}

/// The score for a range of percentages, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Lowest percentage, rounded.
    pub from: Decimal,
    /// Highest percentage, rounded.
    pub to: Decimal,
    /// What it is worth.
    pub score: Decimal,
}

/// A dimension of quality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Name, e.g. `accuracy`.
    pub name: String,
    /// Thai name.
    pub th: String,
    /// English name.
    pub en: String,
    /// Counts whose sum is the numerator.
    pub numerator: Vec<Count>,
    /// Counts whose sum is the denominator.
    pub denominator: Vec<Count>,
    /// Files that it looks at, by their names in the 21 files.
    pub files: Vec<String>,
    /// Scores by percentage.
    pub bands: Vec<Band>,
    /// Source of the rule.
    pub source: String,
}

impl Dimension {
    /// The score of a rounded percentage; none when no band has it.
    pub fn score(&self, percent: Decimal) -> Option<Decimal> {
        let band = self.bands.iter().find(|band| band.from <= percent && percent <= band.to)?;
        Some(band.score)
    }

    /// The best score there is.
    pub fn max(&self) -> Decimal {
        self.bands.iter().map(|band| band.score).max().unwrap_or_default()
    }
}

/// How quality is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Source of the rule.
    pub source: String,
    /// Decimals that a percentage is rounded to, half-up.
    pub decimals: u32,
    /// How scores are combined.
    pub combine: Combine,
    /// Files of the 43 whose counts belong to a file of the 21 without a twin.
    #[serde(default)]
    pub also: BTreeMap<String, Vec<String>>,
    /// The dimensions.
    #[serde(rename = "dimension")]
    pub dimensions: Vec<Dimension>,
}
