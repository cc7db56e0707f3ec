//! What keeps a new destination from getting the whole history by itself.
//!
//! A schedule sends nothing to a destination to which nothing was ever sent,
//! by whatever means, until somebody says that it shall: by `forward NAME`, by
//! `forward adopt`, or with `since` in the configuration. A destination that
//! was renamed is one of these.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::Result;
use super::destination::Destination;
use super::record::SentRecord;
use crate::config::Forward;
use crate::spelling::nearest;
use crate::store::Reader;
use crate::text::{Bilingual, message_with};

/// A destination that waits for somebody to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotBegun {
    /// A name to which rows were sent and that is no longer configured: this
    /// one may be the new name of it.
    pub resembles: Option<String>,
    /// What is to be done, in Thai.
    pub th: String,
    /// What is to be done, in English.
    pub en: String,
}

/// Whether a destination waits for somebody to begin; `configured` are all.
pub(super) fn not_begun(
    data: &Path,
    reader: &Reader,
    to: &Destination,
    configured: &[Forward],
) -> Result<Option<NotBegun>> {
    if to.since.is_some() || SentRecord::read(data, &to.name)?.is_begun() {
        return Ok(None);
    }
    let known = reader.forward_destinations()?;
    if known.contains(&to.name) {
        return Ok(None);
    }
    let left = |name: &&String| !configured.iter().any(|other| other.name == **name);
    let resembles = nearest(&to.name, known.iter().filter(left).map(String::as_str));
    Ok(Some(told(&to.name, resembles)))
}

fn told(name: &str, resembles: Option<&str>) -> NotBegun {
    let mut text = message_with("forward.not_begun", &[("destination", &name)]);
    if let Some(other) = resembles {
        let Bilingual { th, en } = message_with("forward.resembles", &[("other", &other)]);
        text = Bilingual { th: format!("{} {th}", text.th), en: format!("{} {en}", text.en) };
    }
    NotBegun { resembles: resembles.map(str::to_owned), th: text.th, en: text.en }
}
