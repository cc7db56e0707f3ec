//! Publishes the state of the inbox for HTTP: of all that waits what has
//! changed, and of the rest the first.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, FixedOffset};

use super::queue::Queue;
use crate::http::{Blocked, Ignored, InboxState, Loading, Shared, Waiting};
use crate::inbox::{BlockedArchive, Obstacle, QueuedArchive, Reason, unit_and_time};

/// Archives that are named in the order in which they will be taken.
const NAMED: usize = 100;

/// Files that are left alone, and are named.
const IGNORED: usize = 100;

/// An archive that is being loaded, and how many bytes of it have been inflated.
pub(super) type InProgress = (Loading, Arc<AtomicU64>);

/// The state of the inbox besides its queue.
pub(super) struct Board<'a> {
    /// The inbox.
    pub inbox: &'a Path,
    /// The archive that is being written.
    pub loading: Option<&'a InProgress>,
    /// The archive that is validated, and written after it.
    pub ahead: Option<&'a InProgress>,
    /// Why archives wait that could be loaded.
    pub trouble: Option<String>,
    /// Now.
    pub now: DateTime<FixedOffset>,
}

impl Board<'_> {
    /// Publishes the state for HTTP.
    pub(super) fn publish(self, queue: &mut Queue, shared: &Shared) {
        let Self { inbox, loading, ahead, trouble, now } = self;
        let index = &mut queue.index;
        let ahead = ahead.map(waits_ahead);
        let in_hand = usize::from(ahead.is_some());
        let first = index.first(NAMED).into_iter().map(waiting);
        let waiting_first = ahead.into_iter().chain(first).take(NAMED).collect();
        let changes = index.changes().into_iter();
        let changes: Vec<_> = changes.map(|(place, line)| (place, line.map(waiting))).collect();
        let loading = loading.map(|(loading, inflated)| Loading {
            inflated_bytes: inflated.load(Ordering::Relaxed),
            ..loading.clone()
        });
        let closed = queue.left.closed.iter().map(|folder| closed(inbox, folder));
        let files = queue.index.blocked_lines().into_iter().map(|line| blocked(inbox, line));
        let ignored = queue.left.ignored.iter().take(IGNORED).map(|(path, reason)| Ignored {
            path: below(inbox, path),
            reason: (*reason).to_owned(),
        });
        let mut board = shared.inbox();
        for (place, line) in changes {
            board.put(place, line);
        }
        *board = InboxState {
            waiting: waiting_first,
            waiting_total: queue.index.len() + in_hand,
            oldest: queue.index.oldest().map(|at| at.to_rfc3339()),
            loading,
            blocked_total: queue.index.blocked() + queue.left.closed.len(),
            blocked: closed.chain(files).take(NAMED).collect(),
            ignored: ignored.collect(),
            trouble,
            last_scan: Some(now.to_rfc3339()),
            queues: std::mem::take(&mut board.queues),
        };
    }
}

/// Who is validated already waits for its turn, too.
fn waits_ahead((ahead, _): &InProgress) -> Waiting {
    Waiting {
        name: ahead.name.clone(),
        hcode: ahead.hcode.clone(),
        bytes: ahead.bytes,
        since: ahead.since.clone(),
        settling: false,
    }
}

fn waiting(line: QueuedArchive) -> Waiting {
    let QueuedArchive { name, hcode, bytes, since, settling } = line;
    Waiting { name, hcode, bytes, since: since.to_rfc3339(), settling }
}

fn blocked(inbox: &Path, line: BlockedArchive) -> Blocked {
    let (mut th, mut en) = (line.obstacle.th(), line.obstacle.en());
    if let (Some(unit), 1..) = (&line.hcode, line.behind) {
        // Writing to a text does not fail.
        let _ = write!(th, " (ไฟล์อื่นของหน่วย {unit} อีก {} ไฟล์รอไฟล์นี้)", line.behind);
        let _ = write!(en, " (unit {unit} has {} more, which wait for this one)", line.behind);
    }
    let Obstacle { owner, mode, .. } = line.obstacle;
    Blocked {
        path: below(inbox, &line.path),
        hcode: line.hcode,
        owner,
        mode,
        behind: line.behind,
        th,
        en,
    }
}

/// A folder that cannot be looked into: nobody can tell whose archives are in
/// it.
fn closed(inbox: &Path, folder: &Path) -> Blocked {
    let obstacle = Obstacle::new(Reason::Look, folder, String::new());
    let (path, hcode) = (below(inbox, folder), None);
    let (th, en) = (obstacle.th(), obstacle.en());
    Blocked { path, hcode, owner: obstacle.owner, mode: obstacle.mode, behind: 0, th, en }
}

fn below(inbox: &Path, path: &Path) -> String {
    path.strip_prefix(inbox).unwrap_or(path).to_string_lossy().into_owned()
}

/// The unit that a name says.
pub(super) fn hcode_of(name: &str) -> Option<String> {
    unit_and_time(name).map(|(unit, _)| unit)
}
