//! Levels at which a KPI is counted.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::units::{Unit, Units};

/// A level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A facility.
    Unit,
    /// A main contracting unit with its sub-units.
    Cup,
    /// An A-level hospital with the units that refer to it.
    Network,
    /// A district.
    District,
    /// The province.
    Province,
    /// Hospitals of one service level (A S M1 M2 F1 F2 F3 P).
    Class,
}

/// Every level with its name, from the smallest.
const NAMES: [(Level, &str); 6] = [
    (Level::Unit, "unit"),
    (Level::Cup, "cup"),
    (Level::Network, "network"),
    (Level::District, "district"),
    (Level::Province, "province"),
    (Level::Class, "class"),
];

impl Level {
    /// The code of the group a unit belongs to.
    pub fn group(self, unit: &Unit) -> &str {
        match self {
            Self::Unit => &unit.hcode,
            Self::Cup => &unit.cup,
            Self::Network => &unit.network,
            Self::District => &unit.district,
            Self::Province => &unit.province,
            Self::Class => &unit.level,
        }
    }

    /// What people call a group: districts and provinces are named by their
    /// code already. Units of which the list says nothing are a group, too.
    pub fn name_of(self, code: &str, units: &Units) -> String {
        match self {
            _ if code.is_empty() => match self {
                Self::Network => "ไม่มีเครือข่าย (no network)",
                Self::District => "ไม่ระบุอำเภอ (no district)",
                Self::Province => "ไม่ระบุจังหวัด (no province)",
                Self::Class => "ไม่ระบุระดับ (no level)",
                Self::Unit | Self::Cup => "ไม่ระบุหน่วยบริการ (no unit)",
            }
            .to_owned(),
            Self::Unit | Self::Cup | Self::Network => {
                units.by_code.get(code).map_or_else(String::new, |unit| unit.name.clone())
            }
            Self::District | Self::Province | Self::Class => code.to_owned(),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(level, _)| level == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = NAMES.map(|(_, name)| name).join(", ");
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(level, _)| *level)
            .ok_or_else(|| format!("{text:?} is no level: {names}"))
    }
}
