//! Which list of units is in force.
//!
//! A right archive must not become one of an unknown unit because somebody
//! saved half a file. So the last good list is kept in the data folder, and a
//! list that is empty, cannot be read whole, or drops units that have sent
//! something is held back until somebody accepts it. Every other list is put
//! in force as it is found.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::held::{Dropped, Held, HoldReason, KEPT, ListStamp, OWN, is_missing, write_kept};
use super::list::{DEFAULT, SAMPLE, Units, UnitsError};

/// Submissions by HCODE; nothing when that cannot be told, and then every unit
/// may have some.
pub type SubmissionCounts<'a> = dyn Fn() -> Option<BTreeMap<String, u64>> + 'a;

impl Units {
    /// The list in force: the data folder's own, else that of the
    /// configuration, unless it is held back: then it is the last good one.
    /// Where neither is there and nobody configured one, the built-in sample
    /// lets a first start succeed; it is said each time.
    ///
    /// # Errors
    /// Fails if no list can be read and none was kept.
    pub fn in_force(
        data: &Path,
        configured: &Path,
        sent: &SubmissionCounts,
    ) -> Result<Self, UnitsError> {
        let stamp = ListStamp::now(data, configured);
        let kept = kept(data);
        let own = data.join(OWN);
        // A file that cannot be looked at just now is not one that is not there:
        // no other list takes its place.
        let is_own = !own.symlink_metadata().is_err_and(|error| is_missing(&error));
        if !is_own && !configured.try_exists().unwrap_or(true) {
            if let Some((_, old)) = kept {
                let held =
                    Held::new(HoldReason::Missing, &own, old.by_code.len(), None, None, Vec::new());
                return Ok(Self { held: Some(held), stamp, ..old });
            }
            if configured == Path::new(DEFAULT) {
                log::warn!("no list of units at {}: the built-in sample is used", own.display());
                return Ok(Self { stamp, ..Self::parse(configured, SAMPLE)? });
            }
        }
        let path = if is_own { own } else { configured.to_owned() };
        let read = read(&path);
        let Some((old_text, old)) = kept else {
            let (text, units) = read?;
            if units.by_code.is_empty() {
                let empty = crate::text::text("units.no_units");
                let what = format!("{} / {}", empty.th, empty.en);
                return Err(UnitsError { path, line: 0, what });
            }
            return Ok(Self { unkept: Some(text), stamp, ..units });
        };
        let (text, units) = match read {
            Ok(read) => read,
            Err(error) => {
                let held = Held::new(
                    HoldReason::Unreadable,
                    &path,
                    old.by_code.len(),
                    Some(error.place()),
                    None,
                    Vec::new(),
                );
                return Ok(Self { held: Some(held), stamp, ..old });
            }
        };
        if text == old_text {
            return Ok(Self { stamp, ..units });
        }
        let dropped = dropped(&old, &units, sent);
        let why = if units.by_code.is_empty() {
            Some(HoldReason::Empty)
        } else if is_cut(&old_text, &text, &old, &units) {
            Some(HoldReason::Cut)
        } else {
            (!dropped.is_empty()).then_some(HoldReason::DropsUnits)
        };
        let Some(why) = why else { return Ok(Self { unkept: Some(text), stamp, ..units }) };
        let held = Held::new(
            why,
            &path,
            old.by_code.len(),
            None,
            Some((text, units.by_code.len())),
            dropped,
        );
        Ok(Self { held: Some(held), stamp, ..old })
    }

    /// Keeps the list in force as the last good one, if it is not kept yet.
    ///
    /// # Errors
    /// Errors of the file system, such as a full disk or a folder that may not be
    /// written.
    pub fn keep(&self, data: &Path) -> io::Result<()> {
        match &self.unkept {
            Some(text) => write_kept(data, text),
            None => Ok(()),
        }
    }
}

fn read(path: &Path) -> Result<(String, Units), UnitsError> {
    let text = Units::text_of(path)?;
    let units = Units::parse(path, &text)?;
    Ok((text, units))
}

/// The last good list; one that is damaged is none.
fn kept(data: &Path) -> Option<(String, Units)> {
    let path = data.join(KEPT);
    match read(&path) {
        Ok(kept) => Some(kept),
        Err(error) => {
            if crate::files::is_there(&path).unwrap_or(true) {
                log::error!("the last good list of units is of no use: {error}");
            }
            None
        }
    }
}

fn dropped(old: &Units, new: &Units, sent: &SubmissionCounts) -> Vec<Dropped> {
    let gone: Vec<_> = old.by_code.values().filter(|unit| !new.knows(&unit.hcode)).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let sent = sent();
    let counted = |hcode: &str| match &sent {
        None => Some(None),
        Some(sent) => sent.get(hcode).filter(|count| **count > 0).map(|count| Some(*count)),
    };
    gone.into_iter()
        .filter_map(|unit| {
            let submissions = counted(&unit.hcode)?;
            let (hcode, name) = (unit.hcode.clone(), unit.name.clone());
            Some(Dropped { hcode, name, submissions })
        })
        .collect()
}

/// Whether a list looks like a part of the one before: whoever writes one ends
/// its lines.
fn is_cut(old_text: &str, text: &str, old: &Units, new: &Units) -> bool {
    let ends = |text: &str| text.ends_with(['\n', '\r']);
    let part = old_text.trim_end() != text.trim_end() && old_text.starts_with(text);
    let lacks = old.by_code.keys().any(|hcode| !new.knows(hcode));
    !ends(text) && ends(old_text) && (part || lacks)
}

#[cfg(test)]
mod tests;
