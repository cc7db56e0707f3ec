//! What waits in the inbox, as the daemon knows it: an index that hints of the
//! system keep up to date, and that a list of the folder corrects. Listing
//! takes longer the more there is, so that it may use no more than a small
//! share of the time; a hint that was missed is made up for by the next list.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::inbox::{FileStamp, IgnoredNames, Index, Listing, Moment, Uploads, depth_of};

/// After a list nothing is listed for so many times as long as that took.
const REST: u32 = 20;

/// So many hints are kept by their names; with more there is a list.
const HINTS: usize = 4096;

/// What the system has said since somebody last asked.
#[derive(Debug, Default)]
pub(super) struct Hints {
    paths: Mutex<HashSet<PathBuf>>,
}

impl Hints {
    /// Something may have changed here; whether nobody knows of any hint yet.
    pub(super) fn add(&self, paths: Vec<PathBuf>) -> bool {
        let mut kept = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = kept.is_empty();
        if kept.len() < HINTS {
            kept.extend(paths);
        }
        is_first
    }

    fn take(&self) -> HashSet<PathBuf> {
        std::mem::take(&mut *self.paths.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The inbox.
pub(super) struct Queue {
    inbox: PathBuf,
    hints: Arc<Hints>,
    /// What is left alone.
    pub(super) names: IgnoredNames,
    /// What waits.
    pub(super) index: Index,
    /// What is never taken, and what cannot be looked into, by the last list.
    pub(super) left: Listing,
    /// When the folder was last listed, and how long that took.
    listed: Option<(Instant, Duration)>,
}

impl Queue {
    pub(super) fn new(inbox: PathBuf, hints: Arc<Hints>) -> Self {
        let (index, left) = (Index::default(), Listing::default());
        let names = IgnoredNames::default();
        Self { inbox, hints, names, index, left, listed: None }
    }

    /// Brings the index up to date. Whether the folder was listed, or why that
    /// was not possible.
    pub(super) fn refresh(&mut self, uploads: &Uploads, now: Moment) -> Result<bool, String> {
        let whole = |path: &Path| uploads.knows(path);
        for path in uploads.arrived() {
            self.index.look(&path, true, now);
        }
        for path in self.hints.take() {
            match depth_of(&self.inbox, &path, &self.names) {
                Some(1) if path.is_dir() => {
                    for file in Listing::of_folder(&path, &self.names).unwrap_or_default().files {
                        self.index.look(&file, false, now);
                    }
                }
                Some(_) => self.index.look(&path, whole(&path), now),
                None => {}
            }
        }
        let rested =
            |(at, took): (Instant, Duration)| now.instant.duration_since(at) >= took * REST;
        let is_due = self.listed.is_none_or(rested);
        if is_due {
            self.list(&whole, now)?;
        }
        self.index.ripen(&whole, now);
        Ok(is_due)
    }

    /// As if listing took an hour: hints alone must do for now.
    #[cfg(test)]
    pub(super) fn rest(&mut self) {
        self.listed = Some((Instant::now(), Duration::from_hours(1)));
    }

    /// As if the system had told of a change.
    #[cfg(test)]
    pub(super) fn hint(&self, path: &Path) {
        self.hints.add(vec![path.to_owned()]);
    }

    fn list(&mut self, whole: &dyn Fn(&Path) -> bool, now: Moment) -> Result<(), String> {
        let begun = Instant::now();
        let list = Listing::read(&self.inbox, &self.names);
        if let Ok(list) = list.as_ref() {
            self.index.reconcile(list, whole, now);
        }
        self.listed = Some((Instant::now(), begun.elapsed()));
        let list = list.map_err(|error| format!("inbox: {error}"))?;
        self.left = Listing { files: Vec::new(), ..list };
        Ok(())
    }

    /// In how long something is to be looked at again.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        self.index.due().map(|at| at.saturating_duration_since(now))
    }

    /// The archive that goes next, with what it looks like at this moment: one
    /// that has changed, or that cannot be taken any more, is passed over.
    pub(super) fn next(
        &mut self,
        uploads: &Uploads,
        waits: &dyn Fn(&str, chrono::NaiveDateTime) -> bool,
        now: Moment,
    ) -> Option<(Arc<Path>, FileStamp)> {
        loop {
            let path = self.index.next(waits)?;
            if let Some(stamp) = self.index.confirm(&path, uploads.knows(&path), now) {
                return Some((path, stamp));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write_whole;
    use crate::inbox::Folders;

    fn moment() -> Moment {
        let at = "2014-06-01T08:00:00+07:00".parse().unwrap();
        Moment { instant: Instant::now(), at, settle: Duration::ZERO, retry: Duration::ZERO }
    }

    #[test]
    fn a_hint_that_was_missed_is_made_up_for_by_the_next_list() {
        let data = tempfile::tempdir().unwrap();
        let folders = Folders::new(data.path());
        folders.create().unwrap();
        let uploads = Uploads::open(&folders).unwrap();
        let hints = Arc::new(Hints::default());
        let mut queue = Queue::new(folders.inbox(), Arc::clone(&hints));
        queue.names = IgnoredNames::new(&[".*".to_owned()]);
        assert_eq!(queue.refresh(&uploads, moment()), Ok(true));
        let path = folders.inbox().join("F43_10670_20140101080000.zip");
        write_whole(&path, b"x").unwrap();
        // A folder that takes an hour to list is not listed again so soon.
        queue.rest();
        assert_eq!(queue.refresh(&uploads, moment()), Ok(false));
        assert!(queue.index.is_empty());
        assert!(hints.add(vec![path.clone(), folders.inbox().join(".x"), data.path().into()]));
        assert!(!hints.add(vec![path.clone()]));
        assert_eq!(queue.refresh(&uploads, moment()), Ok(false));
        assert_eq!(queue.index.len(), 1, "the hint was enough");
        std::fs::remove_file(&path).unwrap();
        queue.listed = None;
        assert_eq!(queue.refresh(&uploads, moment()), Ok(true));
        assert!(queue.index.is_empty(), "and the list, without one");
    }

    #[test]
    fn a_folder_that_is_moved_in_is_looked_into() {
        let data = tempfile::tempdir().unwrap();
        let folders = Folders::new(data.path());
        folders.create().unwrap();
        let uploads = Uploads::open(&folders).unwrap();
        let hints = Arc::new(Hints::default());
        let mut queue = Queue::new(folders.inbox(), Arc::clone(&hints));
        queue.rest();
        let folder = folders.inbox().join("one");
        std::fs::create_dir(&folder).unwrap();
        write_whole(&folder.join("F43_10670_20140101080000.zip"), b"x").unwrap();
        hints.add(vec![folder]);
        assert_eq!(queue.refresh(&uploads, moment()), Ok(false));
        assert_eq!(queue.index.len(), 1);
    }
}
