//! Publishes the state of the inbox for HTTP: of all that waits what has
//! changed, and of the rest the first.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, FixedOffset};

use super::queue::Queue;
use crate::app::{AppState, BlockedFile, IgnoredFile, InboxStatus, LoadingArchive, WaitingArchive};
use crate::inbox::{BlockedArchive, Obstacle, QueuedArchive, Reason, unit_and_time};
use crate::text::{Bilingual, message_with, text};

/// Archives that are named in the order in which they will be taken.
const NAMED: usize = 100;

/// Files that are left alone, and are named.
const IGNORED: usize = 100;

/// An archive that is being loaded, and how many bytes of it have been inflated.
pub(super) type InProgress = (LoadingArchive, Arc<AtomicU64>);

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
    pub(super) fn publish(self, queue: &mut Queue, shared: &AppState) {
        let Self { inbox, loading, ahead, trouble, now } = self;
        let index = &mut queue.index;
        let ahead = ahead.map(waits_ahead);
        let in_hand = usize::from(ahead.is_some());
        let first = index.first(NAMED).into_iter().map(waiting);
        let waiting_first = ahead.into_iter().chain(first).take(NAMED).collect();
        let changes = index.changes().into_iter();
        let changes: Vec<_> = changes.map(|(place, line)| (place, line.map(waiting))).collect();
        let loading = loading.map(|(loading, inflated)| LoadingArchive {
            inflated_bytes: inflated.load(Ordering::Relaxed),
            ..loading.clone()
        });
        let closed = queue.left.closed.iter().map(|folder| closed(inbox, folder));
        let files = queue.index.blocked_lines().into_iter().map(|line| blocked(inbox, line));
        let ignored = queue.left.ignored.iter().take(IGNORED).map(|(path, reason)| {
            let reason = text(reason);
            let reason = format!("{} · {}", reason.th, reason.en);
            IgnoredFile { path: below(inbox, path), reason }
        });
        let mut board = shared.inbox();
        for (place, line) in changes {
            board.put(place, line);
        }
        *board = InboxStatus {
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
fn waits_ahead((ahead, _): &InProgress) -> WaitingArchive {
    WaitingArchive {
        name: ahead.name.clone(),
        hcode: ahead.hcode.clone(),
        bytes: ahead.bytes,
        since: ahead.since.clone(),
        settling: false,
    }
}

fn waiting(line: QueuedArchive) -> WaitingArchive {
    let QueuedArchive { name, hcode, bytes, since, settling } = line;
    WaitingArchive { name, hcode, bytes, since: since.to_rfc3339(), settling }
}

fn blocked(inbox: &Path, line: BlockedArchive) -> BlockedFile {
    let Bilingual { mut th, mut en } = line.obstacle.message();
    if let (Some(unit), 1..) = (&line.hcode, line.behind) {
        let values: [(&str, &dyn Display); 2] = [("unit", unit), ("behind", &line.behind)];
        let more = message_with("inbox.others_wait", &values);
        th.push_str(&more.th);
        en.push_str(&more.en);
    }
    let Obstacle { owner, mode, .. } = line.obstacle;
    BlockedFile {
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
fn closed(inbox: &Path, folder: &Path) -> BlockedFile {
    let obstacle = Obstacle::new(Reason::Look, folder, String::new());
    let (path, hcode) = (below(inbox, folder), None);
    let Bilingual { th, en } = obstacle.message();
    BlockedFile { path, hcode, owner: obstacle.owner, mode: obstacle.mode, behind: 0, th, en }
}

fn below(inbox: &Path, path: &Path) -> String {
    path.strip_prefix(inbox).unwrap_or(path).to_string_lossy().into_owned()
}

/// The unit that a name says.
pub(super) fn hcode_of(name: &str) -> Option<String> {
    unit_and_time(name).map(|(unit, _)| unit)
}
