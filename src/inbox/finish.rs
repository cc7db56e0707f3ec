//! From a claim to its end: load, receipt, last place. Every step can be done
//! again, so that a start after a kill just does what is left.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::claim::{Claimed, take_up};
use super::folders::Folders;
use super::place::places;
use super::receipts::write_receipt;
use super::uploads::{MARK, Uploads};
use crate::clock::Clock;
use crate::files::{make_folder, make_private, rename_durably};
use crate::load::{Ahead, Before, Claim, LoadError, Places};
use crate::store::{Flusher, Store};
use crate::submission::{Status, Submission};
use crate::world::World;

/// A claimed archive on its way into the store.
pub enum Begun {
    /// It is being judged.
    Judged(Box<Ahead>),
    /// It was loaded before a kill.
    Loaded(Box<Submission>),
}

/// Begins with a claimed archive: judges it, against the store as it will be
/// when the archive `before` is stored.
pub fn begin(
    world: &Arc<World>,
    store: &Store,
    clock: &Clock,
    claimed: &Claimed,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
    before: Option<Before>,
) -> Result<Begun, LoadError> {
    match store.submission(claimed.id, &world.catalog)? {
        Some(submission) if submission.archive != claimed.name => {
            let (id, other) = (claimed.id, &submission.archive);
            let what = format!("number {id} was given to {other} and to {}", claimed.name);
            Err(LoadError::Bug(what))
        }
        Some(submission) => Ok(Begun::Loaded(Box::new(submission))),
        None => {
            let claim = Claim {
                world: Arc::clone(world),
                path: claimed.path.clone(),
                name: claimed.name.clone(),
                id: Some(claimed.id),
                received_at: claimed.received_at,
                now: clock.now(),
                progress,
            };
            Ok(Begun::Judged(Box::new(Ahead::begin(store, claim, before)?)))
        }
    }
}

/// Stores a claimed archive, unless that was done before a kill. What is left
/// then is [`finish`]. `between` is called now and then; it may begin the
/// archive that follows.
pub fn bring_in(
    store: &Store,
    folders: &Folders,
    claimed: &Claimed,
    begun: Begun,
    between: &mut dyn FnMut(&mut Option<Before>),
) -> Result<Submission, LoadError> {
    let place = |status: Status| -> Option<Places> {
        Some(Box::new(places(&folders.data, claimed, status)))
    };
    match begun {
        Begun::Loaded(submission) => Ok(*submission),
        Begun::Judged(ahead) => ahead.write(store, &place, between),
    }
}

/// The steps after the commit: the flush, the receipt, and the original's last
/// place. They wait for the disk and not for the store, so that they can be
/// done beside the next load.
pub fn finish(
    flusher: &Flusher,
    folders: &Folders,
    claimed: &Claimed,
    submission: &Submission,
) -> Result<(), LoadError> {
    flusher.flush()?;
    crate::crash_point("flushed");
    write_receipt(&|id| flusher.is_known(id), folders, submission)?;
    crate::crash_point("receipted");
    if let Some(stored) = &submission.stored {
        let to = folders.data.join(stored);
        if claimed.path.exists() {
            make_folder(to.parent().unwrap_or(&folders.data), 0o700)?;
            match make_private(&claimed.path) {
                // Another user's file, dropped through a share: it lies in
                // folders that only the service may enter all the same.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let name = claimed.name.escape_debug();
                    log::warn!("{name}: its mode stays as it is ({error})");
                }
                done => done?,
            }
            rename_durably(&claimed.path, &to)?;
        }
    }
    crate::crash_point("moved");
    match fs::remove_file(claimed.folder.join(MARK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    match fs::remove_dir(&claimed.folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => Ok(removed?),
    }
}

/// Takes up every claim that lies in `work/` and is nobody's, in the order of
/// their numbers; [`bring_in`] and [`finish`] do what is left of each. Claims that another
/// process holds are its own; numbers that are promised to what is still in
/// the inbox are no claims yet. What cannot be taken up is told, and holds
/// nothing else up.
pub fn recover(
    folders: &Folders,
    uploads: &Uploads,
    clock: &Clock,
) -> io::Result<(Vec<Claimed>, Vec<String>)> {
    let mut left: Vec<(i64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folders.work())? {
        let path = entry?.path();
        // Only numbers are claims; what else lies there is somebody's own.
        if let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse().ok())
            && !uploads.is_open(id)
        {
            left.push((id, path));
        }
    }
    left.sort();
    let (mut claims, mut troubles) = (Vec::new(), Vec::new());
    for (id, folder) in left {
        match take_up(id, &folder, clock.now()) {
            Ok(Some(claimed)) => {
                let name = claimed.name.escape_debug();
                log::info!("taking up submission {id} ({name}) where it was left");
                claims.push(claimed);
            }
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // done meanwhile
            Err(error) => troubles.push(error.to_string()),
        }
    }
    Ok((claims, troubles))
}
