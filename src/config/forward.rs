//! Destinations to which rows are sent on: `[[forward]]`. What the words in
//! them mean is proven where it is known, by `config check` and at the start
//! of the service.

use serde::{Deserialize, Serialize};

/// From when rows count as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentWhen {
    /// From when the folder was made: something takes it away by itself.
    #[default]
    Made,
    /// From when somebody said so with `forward sent`: it is uploaded by hand.
    Confirmed,
}

/// The era of the year in the names of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// Buddhist, as NHSO writes it.
    #[default]
    Be,
    /// Common.
    Ce,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Its name, by which rulebooks know it, and that of its folder below
    /// `exports/forward/`.
    pub name: String,
    /// Kinds of unit (`type` of units.csv) for which the province sends; all
    /// of them when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Standards of archives that it takes.
    #[serde(default = "standards")]
    pub standards: Vec<String>,
    /// When it is due: a cron pattern in Asia/Bangkok. By hand without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The day (`2014-01-31`) from which on what is received is for it; all
    /// without one, once somebody has begun by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// From when rows count as sent.
    #[serde(default)]
    pub sent: SentWhen,
    /// The era of the year in the names of archives.
    #[serde(default)]
    pub era: Era,
    /// So many of the newest folders are kept; what was sent stays on record.
    #[serde(default = "keep")]
    pub keep: usize,
}

fn standards() -> Vec<String> {
    vec!["F21".to_owned(), "F43".to_owned()]
}

fn keep() -> usize {
    400
}
