//! Rulebooks: everything that is decided for a scoring round, read from
//! `config/rulebooks/<round>.toml`. Unknown keys are refused.

mod book;
pub mod check;
mod days;
pub mod money;
pub mod points;
pub mod quality;
mod source;

pub use book::{LocalDefault, PersonRules, Rulebook, RulebookError};
pub use days::{DaySpan, RulePeriod};
pub use money::Money;
pub use points::{Item, ItemKind};
pub use quality::Quality;
pub use source::{Rulebooks, read};

#[cfg(test)]
mod tests;
