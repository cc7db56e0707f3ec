//! The population registry: who is insured where. A row scores when its
//! person is in it, and UC heads carry the money.
//!
//! Where none was imported the accepted PERSON rows stand in, and whoever
//! shows a result says so ([`Population::source`]).

mod forwarded;
mod import;
mod population;

pub use forwarded::{ForwardedError, parse as parse_forwarded};
pub use import::{BadLine, ImportError, Imported, import};
pub use population::{
    Heads, Members, PersonIdentity, PersonTerms, Population, PopulationSource, members, population,
    uc_heads,
};

use crate::store::RawValue;

/// A citizen ID of 13 digits as the number that it is.
pub fn citizen(value: RawValue<'_>) -> Option<u64> {
    match value {
        RawValue::Int(number) => {
            let number = u64::try_from(number).ok()?;
            // Kept as a number it has no leading zero.
            (1_000_000_000_000..10_000_000_000_000).contains(&number).then_some(number)
        }
        RawValue::Text(text) => {
            let digits = text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        }
        RawValue::Null => None,
    }
}

#[cfg(test)]
mod tests;
