//! What lies in `work/` and is not done: claims that nobody holds are taken
//! up, and of all others it is known whose they are, because nothing of a unit
//! is claimed while an earlier archive of it is not done.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use super::claim::{Claimed, take_up};
use super::folders::Folders;
use super::index::unit_and_time;
use super::uploads::{MARK, MARK_PART, Uploads};
use crate::clock::Clock;

/// An archive in `work/` that is not ours to finish now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Of this unit, sent at this time.
    Of(String, NaiveDateTime),
    /// Nobody can tell whose it is.
    Unknown,
}

impl Standing {
    /// Whether an archive of a unit has to wait for it.
    pub fn is_before(&self, unit: &str, time: NaiveDateTime) -> bool {
        match self {
            Self::Of(of, at) => of == unit && *at < time,
            Self::Unknown => true,
        }
    }
}

/// What was found in `work/`.
#[derive(Debug, Default)]
pub struct RecoveredWork {
    /// Taken up, in the order in which they are to be finished.
    pub claims: Vec<Claimed>,
    /// Held by other processes, or not to be taken up.
    pub others: Vec<Standing>,
    /// Why something cannot be taken up.
    pub troubles: Vec<String>,
}

/// Resumes every claim in `work/` that no process holds, except those that are
/// `known`, in the order of their times within a unit; beginning and
/// finishing them does what is left of each. Claims that another process holds
/// are its own; numbers that are promised to what is still in the inbox are no
/// claims yet. What cannot be taken up is told, and holds up its own unit only.
///
/// # Errors
/// Fails if `work/` cannot be read.
pub fn recover(
    folders: &Folders,
    uploads: &Uploads,
    clock: &Clock,
    known: &dyn Fn(i64) -> bool,
) -> io::Result<RecoveredWork> {
    let mut left = RecoveredWork::default();
    for (id, folder) in numbered(folders)? {
        if known(id) || uploads.is_open(id) {
            continue;
        }
        match take_up(id, &folder, clock.now()) {
            Ok(Some(claimed)) => {
                let name = claimed.name.escape_debug();
                log::info!("taking up submission {id} ({name}) where it was left");
                left.claims.push(claimed);
            }
            Ok(None) => left.others.extend(standing(&folder)),
            Err(error) if error.kind() == ErrorKind::NotFound => {} // done meanwhile
            Err(error) => {
                left.others.extend(standing(&folder));
                left.troubles.push(error.to_string());
            }
        }
    }
    left.claims.sort_by_cached_key(|claimed| (unit_and_time(&claimed.name), claimed.id));
    Ok(left)
}

/// Archives of the same unit that are claimed, by whomever, are earlier than
/// one, and are not done; `own` are those that the asking process does in
/// their turn. Whoever waits for them before it claims anything more waits for
/// nobody who waits for it: they are all of earlier times.
///
/// # Errors
/// Fails if `work/` cannot be read.
pub fn earlier_claims(
    folders: &Folders,
    claimed: &Claimed,
    own: &dyn Fn(i64) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let Some((unit, time)) = unit_and_time(&claimed.name) else { return Ok(Vec::new()) };
    let mut earlier = Vec::new();
    for (id, folder) in numbered(folders)? {
        if id != claimed.id
            && !own(id)
            && standing(&folder).iter().any(|standing| standing.is_before(&unit, time))
        {
            earlier.push(folder);
        }
    }
    Ok(earlier)
}

/// Claims by their numbers. What else lies in `work/` is somebody's own.
fn numbered(folders: &Folders) -> io::Result<Vec<(i64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folders.work())? {
        let entry = entry?;
        if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push((id, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Whose archives lie in a claim's folder.
fn standing(folder: &Path) -> Vec<Standing> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Done meanwhile, or a file that somebody has put there.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Vec::new();
        }
        Err(_) => return vec![Standing::Unknown],
    };
    entries
        .filter_map(|entry| {
            let Ok(entry) = entry else { return Some(Standing::Unknown) };
            let name = entry.file_name();
            let is_mark = name == MARK || name == MARK_PART;
            let said = unit_and_time(&name.to_string_lossy()).filter(|_| !is_mark);
            said.map(|(unit, time)| Standing::Of(unit, time))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_work_holds_up_later_archives_of_its_unit_only() {
        let data = tempfile::tempdir().unwrap();
        let folders = Folders::new(data.path());
        folders.create().unwrap();
        let uploads = Uploads::open(&folders).unwrap();
        let clock = Clock::fixed("2014-06-01T08:00:00+07:00".parse().unwrap());
        // Two archives in one claim: nobody can tell which is the claim's.
        fs::create_dir(folders.work().join("7")).unwrap();
        for name in ["F43_10670_20140201080000.zip", "F21_10670_25570301080000.zip"] {
            crate::files::write_whole(&folders.work().join("7").join(name), b"x").unwrap();
        }
        let left = recover(&folders, &uploads, &clock, &|_| false).unwrap();
        assert!(left.claims.is_empty() && left.troubles.len() == 1);
        let waits = |unit: &str, time: &str| {
            let time = time.parse().unwrap();
            left.others.iter().any(|standing| standing.is_before(unit, time))
        };
        assert!(waits("10670", "2014-02-02T00:00:00"));
        assert!(!waits("10670", "2014-01-31T00:00:00"));
        assert!(!waits("04001", "2014-05-01T00:00:00"));
        let known = recover(&folders, &uploads, &clock, &|id| id == 7).unwrap();
        assert!(known.others.is_empty() && known.troubles.is_empty());
    }

    #[test]
    fn claims_are_taken_up_in_the_order_of_their_times() {
        let data = tempfile::tempdir().unwrap();
        let folders = Folders::new(data.path());
        folders.create().unwrap();
        let uploads = Uploads::open(&folders).unwrap();
        let clock = Clock::fixed("2014-06-01T08:00:00+07:00".parse().unwrap());
        let times = ["25570301", "20140101", "20140201"];
        for (id, time) in times.iter().enumerate() {
            let folder = folders.work().join((id + 1).to_string());
            fs::create_dir(&folder).unwrap();
            let name = format!("F43_10670_{time}080000.zip");
            crate::files::write_whole(&folder.join(name), b"x").unwrap();
        }
        let left = recover(&folders, &uploads, &clock, &|_| false).unwrap();
        let ids: Vec<i64> = left.claims.iter().map(|claimed| claimed.id).collect();
        assert_eq!(ids, [2, 3, 1]);
    }
}
