//! Puts on the board what HTTP tells of the inbox. What is put there has a
//! bound, however much waits.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::{Daemon, InHand};
use crate::app::{
    BlockedFile, IgnoredFile, InboxStatus, LoadingArchive, UnitQueue, WaitingArchive,
};
use crate::inbox::{BlockedLine, Line, Obstacle, Reason, unit_and_time};

/// Archives that are named in all, and of each unit.
const NAMED: usize = 100;
const NAMED_OF_UNIT: usize = 20;

/// Files that are left alone, and are named.
const IGNORED: usize = 100;

impl Daemon {
    /// Shows how things stand.
    pub(super) fn show(&mut self, trouble: Option<String>) {
        let index = &mut self.turns.queue.index;
        let ahead = self.ahead.as_ref().map(waits_ahead);
        let in_hand = usize::from(ahead.is_some());
        let first = index.first(NAMED).into_iter().map(waiting);
        let waiting_first = ahead.into_iter().chain(first).take(NAMED).collect();
        let units = index.changed_units(NAMED_OF_UNIT);
        let loading = self.loading.as_ref().map(|(loading, inflated)| LoadingArchive {
            inflated_bytes: inflated.load(Ordering::Relaxed),
            ..loading.clone()
        });
        let inbox = self.setup.folders.inbox();
        let closed = self.turns.queue.left.closed.iter().map(|folder| closed(&inbox, folder));
        let files =
            self.turns.queue.index.blocked_lines().into_iter().map(|line| blocked(&inbox, line));
        let ignored = self.turns.queue.left.ignored.iter().take(IGNORED).map(|(path, reason)| {
            IgnoredFile { path: below(&inbox, path), reason: (*reason).to_owned() }
        });
        let index = &self.turns.queue.index;
        let mut board = self.shared.inbox();
        for (hcode, total, first) in units {
            let first: Vec<WaitingArchive> = first.into_iter().map(waiting).collect();
            match total {
                0 => board.units.remove(&hcode),
                _ => board.units.insert(hcode, UnitQueue { total, first }),
            };
        }
        *board = InboxStatus {
            waiting: waiting_first,
            waiting_total: index.len() + in_hand,
            oldest: index.oldest().map(|at| at.to_rfc3339()),
            loading,
            blocked_total: index.blocked() + self.turns.queue.left.closed.len(),
            blocked: closed.chain(files).take(NAMED).collect(),
            ignored: ignored.collect(),
            trouble,
            last_scan: Some(self.setup.clock.now().to_rfc3339()),
            units: std::mem::take(&mut board.units),
        };
    }
}

/// Who is judged already waits for its turn, too.
fn waits_ahead((ahead, _): &InHand) -> WaitingArchive {
    WaitingArchive {
        name: ahead.name.clone(),
        hcode: ahead.hcode.clone(),
        bytes: ahead.bytes,
        since: ahead.since.clone(),
        settling: false,
    }
}

fn waiting(line: Line) -> WaitingArchive {
    let Line { name, hcode, bytes, since, settling } = line;
    WaitingArchive { name, hcode, bytes, since: since.to_rfc3339(), settling }
}

fn blocked(inbox: &Path, line: BlockedLine) -> BlockedFile {
    let (mut th, mut en) = (line.obstacle.th(), line.obstacle.en());
    if let (Some(unit), 1..) = (&line.hcode, line.behind) {
        // Writing to a text does not fail.
        let _ = write!(th, " (ไฟล์อื่นของหน่วย {unit} อีก {} ไฟล์รอไฟล์นี้)", line.behind);
        let _ = write!(en, " (unit {unit} has {} more, which wait for this one)", line.behind);
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
    let (th, en) = (obstacle.th(), obstacle.en());
    BlockedFile { path, hcode, owner: obstacle.owner, mode: obstacle.mode, behind: 0, th, en }
}

fn below(inbox: &Path, path: &Path) -> String {
    path.strip_prefix(inbox).unwrap_or(path).to_string_lossy().into_owned()
}

/// The unit that a name says.
pub(super) fn hcode_of(name: &str) -> Option<String> {
    unit_and_time(name).map(|(unit, _)| unit)
}
