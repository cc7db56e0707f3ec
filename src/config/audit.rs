//! Choices for audits.

use serde::{Deserialize, Serialize};

/// What of an item's money an undecided case holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditHolding {
    /// All that the unit earned with the item in the tranche.
    File,
    /// Only the share of the suspicious rows.
    Rows,
}

/// Choices for audits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// What of an item's money an undecided case holds.
    pub hold: AuditHolding,
    /// Days from the day of the letter in which a unit can appeal.
    pub appeal_days: u32,
    /// When the daemon runs the rules over the rounds that are open, as of a cron
    /// table; blank for never.
    pub schedule: String,
    /// Who writes letters to units.
    pub letter: AuditLetter,
}

/// Who writes letters to units; what is blank is left for the hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLetter {
    /// The office, with its address.
    pub office: String,
    /// Who signs.
    pub signer: String,
    /// The post of who signs.
    pub post: String,
    /// To whom copies go.
    pub copies: Vec<String>,
}
