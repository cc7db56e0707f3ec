//! Roles, identities, and the secrets that prove them.
//!
//! A token is a secret of 256 random bits, shown once when it is made. It cannot
//! be guessed, so a plain SHA-256 protects it at rest as well as a slow password
//! hash would. The store keeps the hashes; `access` authenticates with them.

mod secret;

pub use secret::{Secret, SecretKind, same};

use serde::{Deserialize, Serialize};

/// What somebody is to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The provincial health office: sees everything.
    Province,
    /// A main unit: sees its own rows and those of the units that it is the
    /// main unit of.
    Cup,
    /// A unit: sees its own rows.
    Unit,
    /// A monitoring system: sees how the program is, and no data.
    Metrics,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Province, Self::Cup, Self::Unit, Self::Metrics];

    /// As written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::Cup => "cup",
            Self::Unit => "unit",
            Self::Metrics => "metrics",
        }
    }

    /// The role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether it is the role of one unit, whose HCODE goes with it.
    pub const fn has_unit(self) -> bool {
        matches!(self, Self::Cup | Self::Unit)
    }
}

/// Somebody who has proven who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What they are to the data.
    pub role: Role,
    /// The unit, for roles that have one.
    pub hcode: Option<String>,
    /// The number of the token; none on this machine while there is no token.
    pub token: Option<i64>,
    /// What the token was called when it was made.
    pub name: String,
}

impl Identity {
    /// Whoever is on this machine while no token has been made.
    pub fn local() -> Self {
        Self { role: Role::Province, hcode: None, token: None, name: "local".to_owned() }
    }
}
