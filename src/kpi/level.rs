//! Levels at which a KPI is counted.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::text::text;
use crate::units::{Unit, Units};

/// Declares the levels from one list: the name in code and outside, the code
/// of the group that a unit belongs to, whether that is a facility of the list
/// of units, and the key of the text for units without a group.
macro_rules! levels {
    ($($(#[doc = $doc:literal])+ $level:ident = $name:literal, $group:ident, $facility:literal, $none:literal;)+) => {
        /// A level.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum Level {
            $($(#[doc = $doc])+ $level,)+
        }

        impl Level {
            /// Every level, from the smallest.
            pub const ALL: &[Self] = &[$(Self::$level),+];
            /// Their names.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The code of the group a unit belongs to.
            pub fn group(self, unit: &Unit) -> &str {
                match self { $(Self::$level => &unit.$group,)+ }
            }

            /// Whether its groups are facilities of the list of units; others
            /// are named by their code already.
            fn is_facility(self) -> bool {
                match self { $(Self::$level => $facility,)+ }
            }

            /// Key of the text for units without a group.
            fn no_group(self) -> &'static str {
                match self { $(Self::$level => $none,)+ }
            }
        }
    };
}

levels! {
    /// A facility.
    Unit = "unit", hcode, true, "level.no_unit";
    /// A main contracting unit with its sub-units.
    Cup = "cup", cup, true, "level.no_unit";
    /// An A-level hospital with the units that refer to it.
    Network = "network", network, true, "level.no_network";
    /// A district.
    District = "district", district, false, "level.no_district";
    /// The province.
    Province = "province", province, false, "level.no_province";
    /// Hospitals of one service level (A S M1 M2 F1 F2 F3 P).
    Class = "class", level, false, "level.no_level";
}

impl Level {
    /// Levels at which units are summed up.
    pub fn sums() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|level| *level != Self::Unit)
    }

    /// What people call a group: districts and provinces are named by their
    /// code already. Units of which the list says nothing are a group, too.
    pub fn name_of(self, code: &str, units: &Units) -> String {
        if code.is_empty() {
            let none = text(self.no_group());
            return format!("{} ({})", none.th, none.en);
        }
        if self.is_facility() {
            return units.by_code.get(code).map_or_else(String::new, |unit| unit.name.clone());
        }
        code.to_owned()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = Self::NAMES.iter().position(|name| *name == text);
        let names = || Self::NAMES.join(", ");
        at.map(|at| Self::ALL[at]).ok_or_else(|| format!("{text:?} is no level: {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_and_the_docs_name_every_level() {
        let config = include_str!("../../config/khlang.toml");
        assert!(config.contains(&format!("# {}\n", Level::NAMES.join(" "))));
        let docs = include_str!("../../docs/pulling.md");
        for level in Level::NAMES {
            assert!(docs.contains(&format!("`{level}`")), "docs/pulling.md: {level}");
        }
    }
}
