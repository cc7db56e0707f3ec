//! Audit of what units were paid for [OPPP-2557 s. 38-43]: rules as data find what
//! is suspicious, cases keep it with all that is done about it, and holds keep
//! the money until it is decided.
//!
//! A rule is one TOML in `config/audit/` and one SQL in `schema/audit/`; steps
//! and who may take them stand in `schema/audit/steps.toml`. A rule never
//! rejects a row: that is the work of the checks of rows.

pub mod act;
mod by_person;
pub mod case;
mod find;
pub mod hold_share;
mod incremental;
mod kept;
pub mod letter;
mod letter_text;
mod library;
pub mod limit;
pub mod nightly;
pub mod plan;
pub mod prepare;
mod prove;
mod query;
mod rates;
mod rows;
mod rule;
mod rule_files;
pub mod run;
mod runner;
pub mod scope;
mod search;
mod seen;
pub mod steps;
mod tables;
pub mod view;
pub mod whole;

pub use case::Case;
pub use find::{AuditFinding, NotApplicable, counted};
pub use kept::{FoundAtUnit, FoundByUnit};
pub use letter_text::LetterTexts;
pub use library::RuleLibrary;
pub use prove::prove;
pub use rates::{Classes, Judged, Peers, Rate, judge};
pub use rows::{ByUnit, RowKey, SuspiciousRow, UnitRows};
pub use rule::{AuditRule, CaseSeverity, CountedBy, RuleKind, RuleParameter};
pub use rule_files::RuleError;
pub use runner::{AuditInput, RuleRunner};

use crate::store::StoreError;
use crate::text::message_with;

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A rule cannot be run.
    #[error("audit rule {0}: {1}")]
    RuleFailed(String, StoreError),
    /// A rule ran longer than it may.
    #[error("{}", message_with("audit.rule_too_long", &[("rule", .0)]).both())]
    TooLong(String),
    /// A rule is not as it has to be.
    #[error("{0}")]
    RuleLibrary(#[from] RuleError),
    /// It may not be done now.
    #[error("{0}")]
    Refused(String),
}

impl AuditError {
    /// What failed in a rule.
    fn from_store(rule: &AuditRule, cause: StoreError) -> Self {
        if cause.is_deadline() {
            Self::TooLong(rule.id.clone())
        } else {
            Self::RuleFailed(rule.id.clone(), cause)
        }
    }
}
