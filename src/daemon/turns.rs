//! Decides which archive is loaded next: those in `work/` before those in the
//! inbox, the smallest of all units first, and none of a unit while an earlier
//! archive of the unit is not done.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::claims::ActiveClaims;
use super::queue::{Hints, Queue};
use crate::clock::Clock;
use crate::inbox::{
    Claimed, Folders, LastNumber, Moment, Obstacle, Reason, Standing, Uploads, claim, recover,
};

/// All that is not done.
pub(super) struct Scheduler {
    folders: Folders,
    clock: Clock,
    /// What waits in the inbox.
    pub(super) queue: Queue,
    /// Claims of ours.
    pub(super) claims: ActiveClaims,
    /// What else lies in `work/`.
    others: Vec<Standing>,
    /// The last archive that could not be claimed, and why.
    unclaimed: Option<(Arc<Path>, String)>,
    /// The inbox can be listed.
    listed: bool,
}

impl Scheduler {
    pub(super) fn new(folders: Folders, clock: Clock, hints: Arc<Hints>) -> Self {
        let queue = Queue::new(folders.inbox(), hints);
        let (claims, others) = (ActiveClaims::default(), Vec::new());
        Self { folders, clock, queue, claims, others, unclaimed: None, listed: false }
    }

    /// Looks through the inbox, and through `work/`. Tells what trouble it met.
    pub(super) fn refresh(
        &mut self,
        uploads: &Uploads,
        last: LastNumber,
        now: Moment,
    ) -> Option<String> {
        let listed = self.queue.refresh(uploads, now);
        self.listed = listed.is_ok();
        let left = self.recover_work(uploads, last, listed == Ok(true));
        listed.err().or(left)
    }

    /// Recovers the claims in `work/` that no process holds: left by an earlier
    /// run, or by an `import` that was killed. Promises are settled now and
    /// then only, because each of them is looked at.
    fn recover_work(
        &mut self,
        uploads: &Uploads,
        last: LastNumber,
        settle: bool,
    ) -> Option<String> {
        let settled = if settle {
            let last = last().map_err(|error| error.to_string());
            last.and_then(|last| uploads.settle(last).map_err(|error| error.to_string()))
        } else {
            Ok(())
        };
        let known = |id| self.claims.contains(id);
        let troubles = match recover(&self.folders, uploads, &self.clock, &known) {
            Ok(left) => {
                let now = Instant::now();
                left.claims.into_iter().for_each(|claimed| self.claims.retry_at(now, claimed));
                self.others = left.others;
                (!left.troubles.is_empty()).then(|| left.troubles.join("; "))
            }
            Err(error) => {
                // Nobody can tell what waits there.
                self.others = vec![Standing::Unknown];
                Some(format!("work: {error}"))
            }
        };
        settled.err().map(|error| format!("uploads: {error}")).or(troubles)
    }

    /// The archive that goes next, claimed. What could not be claimed is tried
    /// again later, and its unit waits.
    pub(super) fn next(
        &mut self,
        uploads: &Uploads,
        last: LastNumber,
        now: Moment,
    ) -> Option<Claimed> {
        let due = self.claims.take_due(&self.others, Instant::now());
        let claimed = due.or_else(|| self.claim_next(uploads, last, now))?;
        self.claims.start(&claimed);
        Some(claimed)
    }

    fn claim_next(&mut self, uploads: &Uploads, last: LastNumber, now: Moment) -> Option<Claimed> {
        let (claims, others) = (&self.claims, &self.others);
        let waits = |unit: &str, time| claims.must_wait(others, unit, time);
        let (path, seen) = self.queue.next(uploads, &waits, now)?;
        match claim(&self.folders, uploads, (&path, seen), last, now.at) {
            Ok(Some(claimed)) => {
                self.queue.index.remove(&path);
                Some(claimed)
            }
            Ok(None) => {
                self.queue.index.look(&path, false, now);
                None
            }
            Err(error) => {
                let what = path.to_string_lossy();
                let trouble = format!("claiming {}: {error}", what.escape_debug());
                let obstacle = Obstacle::new(Reason::Trouble, &path, error.to_string());
                self.queue.index.block(&path, obstacle, now);
                self.unclaimed = Some((path, trouble));
                None
            }
        }
    }

    /// A failure of ours that keeps an archive waiting.
    pub(super) fn trouble(&mut self, now: Instant) -> Option<String> {
        self.unclaimed.take_if(|(path, _)| !self.queue.index.is_blocked(path));
        let failed = self.claims.first_waiting(now).map(|claimed| {
            let name = claimed.name.escape_debug();
            format!("submission {} ({name}) will be tried again", claimed.id)
        });
        failed.or_else(|| self.unclaimed.as_ref().map(|(_, trouble)| trouble.clone()))
    }

    /// Whether no archive waits or is being loaded.
    pub(super) fn is_idle(&self) -> bool {
        self.listed && self.claims.is_empty() && self.queue.index.is_empty()
    }

    /// In how long something is to be looked at again.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        self.queue.due_in(now)
    }
}

#[cfg(test)]
mod tests;
