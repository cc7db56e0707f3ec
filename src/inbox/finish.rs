//! From a claim to its end: load, receipt, last place. Every step can be done
//! again, so that a start after a kill just does what is left.

use std::fs;
use std::io;
use std::sync::Arc;

use super::archive_paths::archive_paths;
use super::claim::Claimed;
use super::folders::Folders;
use super::private_copy::make_private_copy;
use super::receipts::write_receipt;
use super::uploads::MARK;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::files::{make_folder, rename_durably};
use crate::load::{CandidatePaths, LoadError, LoadRequest, PendingLoad, Predecessor};
use crate::store::{Flusher, Store};
use crate::submission::{Status, Submission};

/// A claimed archive on its way into the store.
pub(super) enum Begun {
    /// It is being validated.
    Validating(Box<PendingLoad>),
    /// It was loaded before a kill.
    Loaded(Box<Submission>),
}

/// Begins with a claimed archive: makes it ours, and validates it, against the store as it will be
/// when the archive `before` is stored.
pub(super) fn begin(
    environment: &Arc<Environment>,
    store: &Store,
    clock: &Clock,
    claimed: &Claimed,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
    before: Option<Predecessor>,
) -> Result<Begun, LoadError> {
    match store.submission(claimed.id, &environment.catalog)? {
        Some(submission) if submission.archive != claimed.name => {
            let (id, other) = (claimed.id, &submission.archive);
            let what = format!("number {id} was given to {other} and to {}", claimed.name);
            Err(LoadError::Bug(what))
        }
        Some(submission) => Ok(Begun::Loaded(Box::new(submission))),
        None => {
            let request = LoadRequest {
                environment: Arc::clone(environment),
                path: claimed.path.clone(),
                name: claimed.name.clone(),
                id: Some(claimed.id),
                received_at: claimed.received_at,
                seal: Arc::clone(&claimed.seal),
                now: clock.now(),
                progress,
            };
            let (path, ours) = (claimed.path.clone(), Arc::clone(&claimed.ours));
            let prepare = Box::new(move || make_private_copy(&path, &ours));
            Ok(Begun::Validating(Box::new(PendingLoad::prepared(store, request, before, prepare)?)))
        }
    }
}

/// Stores a claimed archive, unless that was done before a kill. What is left
/// then is [`finish`]. `on_progress` is called now and then; it may begin the
/// archive that follows.
pub(super) fn store(
    store: &Store,
    folders: &Folders,
    claimed: &Claimed,
    begun: Begun,
    on_progress: &mut dyn FnMut(&mut Option<Predecessor>),
) -> Result<Submission, LoadError> {
    let place = |status: Status| -> Option<CandidatePaths> {
        Some(Box::new(archive_paths(&folders.data, claimed, status)))
    };
    match begun {
        Begun::Loaded(submission) => Ok(*submission),
        Begun::Validating(pending) => pending.write(store, &place, on_progress),
    }
}

/// The steps after the commit: the flush, the receipt, and the original's last
/// place. They wait for the disk and not for the store, so that they can be
/// done beside the next load.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
/// The claim stays and is finished later.
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
    if let Some(stored) = &submission.stored
        && claimed.path.try_exists()?
    {
        // What was stored before a kill may not be: an earlier version did not copy.
        make_private_copy(&claimed.path, &claimed.ours)?;
        unchanged(claimed, submission)?;
        let to = folders.data.join(stored);
        make_folder(to.parent().unwrap_or(&folders.data), 0o700)?;
        rename_durably(&claimed.path, &to)?;
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

/// What is stored is what was validated. Only somebody who reaches into `work/`
/// can make it otherwise; a person has to decide then.
fn unchanged(claimed: &Claimed, submission: &Submission) -> io::Result<()> {
    let same = claimed.path.metadata()?.len() == submission.bytes
        && (submission.sha256.is_empty()
            || claimed.seal.holds(&claimed.path, &submission.sha256)?);
    // What was taken back is on record with its reason.
    if same || submission.status == Status::Void {
        return Ok(());
    }
    let (id, path) = (claimed.id, claimed.path.display());
    Err(io::Error::other(format!(
        "{path} was changed after submission {id} had been stored: put the original back, or void the submission"
    )))
}
