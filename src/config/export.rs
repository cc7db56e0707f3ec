//! Exports as configured: `[[export]]`. What the words in them mean is proven
//! where it is known, by `config check` and at the start of the service.

use serde::{Deserialize, Serialize};

/// One export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Its name, and that of its folder below `exports/`.
    pub name: String,
    /// When it is due: a cron pattern in Asia/Bangkok.
    pub schedule: String,
    /// KPIs by id; `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kpis: Vec<String>,
    /// A report instead of KPIs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The region that a report is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `2557`, `2557Q3`, `2557-01`, `current`, or `current` or `previous` and
    /// `year`, `quarter`, `month`.
    pub period: String,
    /// Level at which KPIs are counted.
    #[serde(default = "unit")]
    pub level: String,
    /// Formats by name, as `report::Format` has them.
    pub formats: Vec<String>,
    /// So many of the newest are kept.
    #[serde(default = "keep")]
    pub keep: usize,
    /// Language of what people read.
    #[serde(default = "lang")]
    pub lang: String,
    /// Charts of each month in HTML; that counts every KPI up to twelve times.
    #[serde(default)]
    pub trend: bool,
}

fn unit() -> String {
    "unit".to_owned()
}

fn keep() -> usize {
    12
}

fn lang() -> String {
    "th".to_owned()
}
