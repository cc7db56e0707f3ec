//! The index of the inbox: which archives wait, and which of them goes next.
//! Among units the smallest, within a unit the earliest, because a later one
//! may need the persons of an earlier one.
//!
//! A file is looked at when it is first seen, when something may have changed
//! it, when it should have settled, and before it is claimed; never just
//! because others wait. Every change costs the logarithm of what waits.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, FixedOffset, NaiveDateTime};

use super::obstacle::{Obstacle, obstacle};
use super::scan::Listing;
use crate::archive::ArchiveName;

/// Of a file that cannot be taken, of so many the reason is kept for others.
const BLOCKED_SHOWN: usize = 100;

/// What a file looked like: while this stays the same, nobody writes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Its size.
    pub bytes: u64,
    modified: Option<SystemTime>,
    file: (u64, u64),
}

impl FileStamp {
    /// Of what lies there now.
    pub fn from_metadata(meta: &Metadata) -> Self {
        let file = (meta.dev(), meta.ino());
        Self { bytes: meta.len(), modified: meta.modified().ok(), file }
    }
}

/// The moment of a look, and how long things take.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By a clock that nobody sets.
    pub instant: Instant,
    /// By the calendar.
    pub at: DateTime<FixedOffset>,
    /// After so long without a change a file is complete.
    pub settle: Duration,
    /// After so long what could not be taken is tried again.
    pub retry: Duration,
}

/// The place of an archive among those of its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Rank {
    time: Option<NaiveDateTime>,
    name: Arc<str>,
    path: Arc<Path>,
}

#[derive(Debug)]
enum FileState {
    /// Somebody may still write to it.
    Settling,
    /// It can be taken.
    Ready,
    /// Something is in the way.
    Blocked(Obstacle),
}

#[derive(Debug)]
struct File {
    unit: Arc<str>,
    rank: Rank,
    stamp: FileStamp,
    /// When it was first seen.
    first: (Instant, DateTime<FixedOffset>),
    /// Since when it has not changed while we looked.
    since: Instant,
    /// When it is looked at again.
    again: Option<Instant>,
    state: FileState,
    /// Of the last list that had it.
    listed: u64,
}

/// An archive that waits, for others to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedArchive {
    /// File name of the archive.
    pub name: String,
    /// The unit that its name says.
    pub hcode: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// When it was first seen.
    pub since: DateTime<FixedOffset>,
    /// Somebody may still write to it.
    pub settling: bool,
}

/// Where an archive stands in the list of all that wait: by unit, and of a unit
/// in the order in which they will be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuePlace {
    /// The unit that its name says.
    pub hcode: Option<String>,
    /// The time that its name says.
    pub time: Option<NaiveDateTime>,
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub path: Arc<Path>,
}

/// A file that cannot be taken, and how many wait behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedArchive {
    /// Where it lies.
    pub path: Arc<Path>,
    /// The unit that its name says.
    pub hcode: Option<String>,
    /// What is in the way.
    pub obstacle: Obstacle,
    /// Later archives of its unit, when it is the first that is in their way.
    pub behind: usize,
}

/// Every file that waits in the inbox.
#[derive(Debug, Default)]
pub struct Index {
    files: HashMap<Arc<Path>, File>,
    units: HashMap<Arc<str>, BTreeSet<Rank>>,
    /// The first of each unit, if it can be taken; the smallest first.
    ready: BTreeSet<(u64, Rank)>,
    heads: HashMap<Arc<str>, (u64, Rank)>,
    /// What is to be looked at again, and when.
    again: BTreeSet<(Instant, Arc<Path>)>,
    ages: BTreeSet<(Instant, Arc<Path>)>,
    blocked: BTreeSet<Arc<Path>>,
    /// Files of which something has changed since they were last asked for.
    changed: HashSet<(Arc<str>, Rank)>,
    lists: u64,
}

/// The unit that a name says, and the time.
pub fn unit_and_time(name: &str) -> Option<(String, NaiveDateTime)> {
    ArchiveName::parse(name).ok().map(|name| (name.hcode, name.sent_at))
}

impl Index {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many cannot be taken.
    pub fn blocked(&self) -> usize {
        self.blocked.len()
    }

    /// Looks at a file. `whole` says that it came whole and need not settle.
    pub fn look(&mut self, path: &Path, whole: bool, now: Moment) {
        let before = self.take_out(path);
        let Some(meta) = path.symlink_metadata().ok().filter(Metadata::is_file) else { return };
        let stamp = FileStamp::from_metadata(&meta);
        let (first, since, listed) = match &before {
            Some(file) if file.stamp == stamp => (file.first, file.since, file.listed),
            Some(file) => (file.first, now.instant, file.listed),
            None => ((now.instant, now.at), now.instant, self.lists),
        };
        let settled = whole || now.instant.duration_since(since) >= now.settle;
        let (state, again) = if !settled {
            (FileState::Settling, Some(since + now.settle))
        } else if let Some(obstacle) = obstacle(path, &meta) {
            log_blocked(path, &obstacle, before.as_ref());
            (FileState::Blocked(obstacle), Some(now.instant + now.retry))
        } else {
            (FileState::Ready, None)
        };
        let (unit, rank) = match before {
            Some(file) => (file.unit, file.rank),
            None => identity(path),
        };
        self.put_in(File { unit, rank, stamp, first, since, again, state, listed });
    }

    /// Looks again at what is due. `whole` is asked for each.
    pub fn ripen(&mut self, whole: &dyn Fn(&Path) -> bool, now: Moment) {
        let due = self.again.iter().take_while(|(at, _)| *at <= now.instant);
        let due: Vec<Arc<Path>> = due.map(|(_, path)| Arc::clone(path)).collect();
        for path in due {
            self.look(&path, whole(&path), now);
        }
    }

    /// When something is to be looked at again.
    pub fn due(&self) -> Option<Instant> {
        self.again.first().map(|(at, _)| *at)
    }

    /// Makes the index agree with a list of the folder: what is not known yet
    /// is looked at, what is gone is forgotten.
    pub fn reconcile(&mut self, list: &Listing, whole: &dyn Fn(&Path) -> bool, now: Moment) {
        self.lists += 1;
        for path in &list.files {
            match self.files.get_mut(path.as_path()) {
                Some(file) => file.listed = self.lists,
                None => self.look(path, whole(path), now),
            }
        }
        if self.files.len() > list.files.len() {
            // What lies in a folder that cannot be read may still be there.
            let unseen = |path: &Path| list.closed.iter().any(|folder| path.starts_with(folder));
            let gone =
                self.files.iter().filter(|(path, file)| file.listed < self.lists && !unseen(path));
            let gone: Vec<Arc<Path>> = gone.map(|(path, _)| Arc::clone(path)).collect();
            for path in gone {
                self.remove(&path);
            }
        }
    }

    /// The archive that goes next. A unit whose earliest cannot be taken waits
    /// for it; `waits` says which units, and from which time on, wait for what
    /// is not in the inbox any more.
    pub fn next(&self, waits: &dyn Fn(&str, NaiveDateTime) -> bool) -> Option<Arc<Path>> {
        let free = |(_, rank): &&(u64, Rank)| {
            rank.time.is_none_or(|time| !waits(&self.files[&rank.path].unit, time))
        };
        self.ready.iter().find(free).map(|(_, rank)| Arc::clone(&rank.path))
    }

    /// Whether a file is as it was when it had settled, and can be taken; what
    /// is not settles anew. Gives what it looked like.
    pub fn confirm(&mut self, path: &Path, whole: bool, now: Moment) -> Option<FileStamp> {
        self.look(path, whole, now);
        let file = self.files.get(path)?;
        matches!(file.state, FileState::Ready).then_some(file.stamp)
    }

    /// A file could not be taken, for a reason that nobody could see before.
    pub fn block(&mut self, path: &Path, obstacle: Obstacle, now: Moment) {
        if let Some(mut file) = self.take_out(path) {
            file.state = FileState::Blocked(obstacle);
            file.again = Some(now.instant + now.retry);
            self.put_in(file);
        }
    }

    /// A file was taken, or taken back.
    pub fn remove(&mut self, path: &Path) {
        self.take_out(path);
    }

    /// Whether something is in the way of a file.
    pub fn is_blocked(&self, path: &Path) -> bool {
        self.blocked.contains(path)
    }

    /// The first so many: in the order in which they will be taken, as far as
    /// that is known, and then those that cannot be taken yet, the oldest
    /// first.
    pub fn first(&self, count: usize) -> Vec<QueuedArchive> {
        let mut lines = Vec::new();
        let mut shown = HashSet::new();
        let mut heads = self.ready.iter().peekable();
        let mut next: BinaryHeap<Reverse<(u64, Rank)>> = BinaryHeap::new();
        while lines.len() < count {
            let from_heads = match (heads.peek(), next.peek()) {
                (Some(head), Some(Reverse(next))) => *head < next,
                (head, _) => head.is_some(),
            };
            let taken = if from_heads {
                heads.next().cloned()
            } else {
                next.pop().map(|Reverse(next)| next)
            };
            let Some((_, rank)) = taken else { break };
            let file = &self.files[&rank.path];
            lines.push(file.line());
            let after = (std::ops::Bound::Excluded(&rank), std::ops::Bound::Unbounded);
            let after = self.units[&file.unit].range(after).next();
            if let Some(after) = after.filter(|after| self.is_ready(after)) {
                let bytes = self.files[&after.path].stamp.bytes;
                next.push(Reverse((bytes, after.clone())));
            }
            shown.insert(rank.path);
        }
        let left = self.ages.iter().filter(|(_, path)| !shown.contains(path));
        let missing = count - lines.len();
        lines.extend(left.take(missing).map(|(_, path)| self.files[path].line()));
        lines
    }

    /// When the one that waits longest was first seen.
    pub fn oldest(&self) -> Option<DateTime<FixedOffset>> {
        self.ages.first().map(|(_, path)| self.files[path].first.1)
    }

    /// Some of those that cannot be taken.
    pub fn blocked_lines(&self) -> Vec<BlockedArchive> {
        let line = |path: &Arc<Path>| {
            let file = &self.files[path];
            let FileState::Blocked(obstacle) = &file.state else { return None };
            let unit = &self.units[&file.unit];
            // Those behind a later one wait for the first.
            let behind = if unit.first() == Some(&file.rank) { unit.len() - 1 } else { 0 };
            let (path, hcode) = (Arc::clone(path), file.hcode());
            Some(BlockedArchive { path, hcode, obstacle: obstacle.clone(), behind })
        };
        self.blocked.iter().filter_map(line).take(BLOCKED_SHOWN).collect()
    }

    /// Places of which something has changed since this was last asked, with
    /// what waits there now.
    pub fn changes(&mut self) -> Vec<(QueuePlace, Option<QueuedArchive>)> {
        let changed = std::mem::take(&mut self.changed);
        let state = |(unit, rank): (Arc<str>, Rank)| {
            let line = self.files.get(&rank.path).map(File::line);
            (rank.place(&unit), line)
        };
        changed.into_iter().map(state).collect()
    }

    fn is_ready(&self, rank: &Rank) -> bool {
        matches!(self.files[&rank.path].state, FileState::Ready)
    }

    fn take_out(&mut self, path: &Path) -> Option<File> {
        let (path, file) = self.files.remove_entry(path)?;
        if let Some(at) = file.again {
            self.again.remove(&(at, Arc::clone(&path)));
        }
        self.ages.remove(&(file.first.0, Arc::clone(&path)));
        self.blocked.remove(&path);
        self.changed.insert((Arc::clone(&file.unit), file.rank.clone()));
        if let Some(ranks) = self.units.get_mut(&file.unit) {
            ranks.remove(&file.rank);
            if ranks.is_empty() {
                self.units.remove(&file.unit);
            }
        }
        self.set_head(&file.unit);
        Some(file)
    }

    fn put_in(&mut self, file: File) {
        let (path, unit) = (Arc::clone(&file.rank.path), Arc::clone(&file.unit));
        if let Some(at) = file.again {
            self.again.insert((at, Arc::clone(&path)));
        }
        self.ages.insert((file.first.0, Arc::clone(&path)));
        if matches!(file.state, FileState::Blocked(_)) {
            self.blocked.insert(Arc::clone(&path));
        }
        self.changed.insert((Arc::clone(&unit), file.rank.clone()));
        self.units.entry(Arc::clone(&unit)).or_default().insert(file.rank.clone());
        self.files.insert(path, file);
        self.set_head(&unit);
    }

    /// Notes who is first of a unit.
    fn set_head(&mut self, unit: &Arc<str>) {
        if let Some(before) = self.heads.remove(unit) {
            self.ready.remove(&before);
        }
        let first = self.units.get(unit).and_then(BTreeSet::first);
        if let Some(first) = first.filter(|first| self.is_ready(first)) {
            let head = (self.files[&first.path].stamp.bytes, first.clone());
            self.ready.insert(head.clone());
            self.heads.insert(Arc::clone(unit), head);
        }
    }
}

impl Rank {
    fn place(self, unit: &str) -> QueuePlace {
        let Self { time, name, path } = self;
        QueuePlace { hcode: time.map(|_| unit.to_owned()), time, name: name.to_string(), path }
    }
}

impl File {
    fn hcode(&self) -> Option<String> {
        self.rank.time.map(|_| self.unit.to_string())
    }

    fn line(&self) -> QueuedArchive {
        QueuedArchive {
            name: self.rank.name.to_string(),
            hcode: self.hcode(),
            bytes: self.stamp.bytes,
            since: self.first.1,
            settling: matches!(self.state, FileState::Settling),
        }
    }
}

/// Whose a file is, and its place among theirs. What has no readable name is
/// nobody's and waits for nobody.
fn identity(path: &Path) -> (Arc<str>, Rank) {
    let name: Arc<str> = path.file_name().unwrap_or_default().to_string_lossy().into();
    let path: Arc<Path> = path.into();
    match unit_and_time(&name) {
        Some((unit, time)) => (unit.into(), Rank { time: Some(time), name, path }),
        None => {
            let unit = format!("?{}", path.to_string_lossy()).into();
            (unit, Rank { time: None, name, path })
        }
    }
}

/// Once in the log, not at every look.
fn log_blocked(path: &Path, obstacle: &Obstacle, before: Option<&File>) {
    if !before.is_some_and(|file| matches!(&file.state, FileState::Blocked(old) if old == obstacle))
    {
        log::warn!("{}: {}", path.to_string_lossy().escape_debug(), obstacle.message().en);
    }
}

#[cfg(test)]
mod tests;
