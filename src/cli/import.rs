//! `khlang import`: loads archives now, in the order given. While one is being
//! loaded the next is copied and the one before gets its receipt.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::context::Context;
use super::outcome::{Args, Progress, Show};
use super::output::Done;
use crate::inbox::{
    Begun, Claimed, Folders, abandon_copy, begin, bring_in, claim_copy, earlier_claims, finish,
    is_held,
};
use crate::load::Before;
use crate::priority::{go_after_writer, go_ahead_when_idle};
use crate::store::{Flusher, Reader, Store};
use crate::submission::Submission;
use crate::world::World;

/// Archives that are copied ahead.
const AHEAD: usize = 1;

/// Loads that may wait for their receipts: a few, so that the disk may be slow
/// for a while, and not many, because each holds its list of findings.
const UNFINISHED: usize = 3;

/// How often it looks whether an earlier archive of the unit is done.
const LOOK: Duration = Duration::from_millis(50);

type Copied<'a> = (&'a Path, anyhow::Result<Claimed>);
type Loaded<'a> = (&'a Path, Claimed, Submission);

/// Runs it.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<Done> {
    args.prove()?;
    let world = Arc::new(context.world()?);
    let folders = context.folders()?;
    let store = context.store(&world, &folders)?;
    let numbers = Reader::open(&folders.database(), None)?;
    let flusher = Flusher::open(&folders.database())?;
    let (copied, waiting) = bounded(AHEAD);
    let (loaded, unfinished) = bounded(UNFINISHED);
    let (folders, stop) = (&folders, &AtomicBool::new(false));
    let mut show = Show::new(context, args);
    let done = std::thread::scope(|scope| {
        scope.spawn(move || copy_all(context, args, folders, &numbers, stop, &copied));
        let showing = &mut show;
        let finished = scope.spawn(move || finish_all(folders, &flusher, &unfinished, showing));
        let loading = Loading { context, world: &world, store: &store, folders };
        let done = loading.all(stop, &waiting, &loaded);
        drop(loaded);
        let finished = finished.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        done.and(finished)
    });
    // Whoever looks at the folder now finds the rows in the database and not in
    // a log beside it. With the daemon beside us that is for it to do.
    if let Err(error) = store.empty_log() {
        log::warn!("the log of the database stays: {error}");
    }
    done.and(show.end())
}

/// Copies until there is nothing more, or `stop` says that nothing more will
/// be loaded.
fn copy_all<'a>(
    context: &Context,
    args: &'a Args,
    folders: &Folders,
    numbers: &Reader,
    stop: &AtomicBool,
    copied: &Sender<Copied<'a>>,
) {
    go_ahead_when_idle();
    let last = || numbers.last_submission();
    let mut own = HashSet::new();
    for path in &args.archives {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let claimed = claim_copy(folders, path, &last, context.clock.now())
            .map_err(anyhow::Error::from)
            .and_then(|claimed| {
                own.insert(claimed.id);
                wait_for_earlier(folders, &own, stop, &claimed)
                    .or_else(|error| abandon_copy(&claimed).map_err(Into::into).and(Err(error)))?;
                Ok(claimed)
            })
            .with_context(|| path.display().to_string());
        if copied.send((path, claimed)).is_err() {
            return;
        }
    }
}

/// Lets go first what another process has claimed of the same unit, if it is
/// earlier: this one may need its persons. What nobody is at work on is for
/// the daemon to finish. It is not the loading thread that waits: that may
/// have the database.
fn wait_for_earlier(
    folders: &Folders,
    own: &HashSet<i64>,
    stop: &AtomicBool,
    claimed: &Claimed,
) -> anyhow::Result<()> {
    let earlier = || earlier_claims(folders, claimed, &|id| own.contains(&id));
    let mut told = false;
    while let Some(first) = earlier()?.first() {
        // Between the two looks somebody may have finished it.
        if !is_held(first) && earlier()?.contains(first) {
            anyhow::bail!(
                "an earlier archive of the unit is not done ({}): start the daemon, which finishes it",
                first.display()
            );
        }
        if stop.load(Ordering::Relaxed) {
            anyhow::bail!("given up");
        }
        if !told {
            log::info!("waiting for {}, an earlier archive of the unit", first.display());
            told = true;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// What loading works with.
struct Loading<'a> {
    context: &'a Context,
    world: &'a Arc<World>,
    store: &'a Store,
    folders: &'a Folders,
}

/// A copy, and how its loading has begun.
type Next<'a> = (&'a Path, anyhow::Result<(Claimed, anyhow::Result<Begun>)>);

impl Loading<'_> {
    /// Loads every copy, and judges the next while one is written; after
    /// trouble the rest are given up, because an archive may need the persons
    /// of the one before.
    fn all<'a>(
        &self,
        stop: &AtomicBool,
        copies: &Receiver<Copied<'a>>,
        loaded: &Sender<Loaded<'a>>,
    ) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        let mut next: Option<Next> = None;
        while let Some((path, claimed)) = next
            .take()
            .or_else(|| copies.recv().ok().map(|copy| self.begin(copy, outcome.is_ok(), None)))
        {
            let done = claimed.and_then(|(claimed, begun)| {
                if outcome.is_err() {
                    // Judged, perhaps, on the word of one that is not stored.
                    drop(begun);
                    return Ok(abandon_copy(&claimed)?);
                }
                let mut between = |before: &mut Option<Before>| {
                    if next.is_none()
                        && let Ok(copy) = copies.try_recv()
                    {
                        next = Some(self.begin(copy, true, before.take()));
                    }
                };
                let done = begun.and_then(|begun| {
                    Ok(bring_in(self.store, self.folders, &claimed, begun, &mut between)?)
                });
                match done {
                    Ok(submission) => {
                        // Whoever finishes goes on until this side lets go.
                        let _ = loaded.send((path, claimed, submission));
                        Ok(())
                    }
                    Err(error) => {
                        if self.store.known(claimed.id)?.is_none() {
                            // Left in work/, it would be loaded behind the back
                            // of whoever imports the file again.
                            abandon_copy(&claimed)?;
                        }
                        Err(error.context(path.display().to_string()))
                    }
                }
            });
            outcome = outcome.and(done);
            stop.store(outcome.is_err(), Ordering::Relaxed);
        }
        outcome
    }

    fn begin<'a>(
        &self,
        (path, claimed): Copied<'a>,
        judge: bool,
        before: Option<Before>,
    ) -> Next<'a> {
        let begun = claimed.map(|claimed| {
            let begun = if judge {
                let clock = &self.context.clock;
                let progress = Progress::told(path);
                begin(self.world, self.store, clock, &claimed, progress, before)
                    .map_err(anyhow::Error::from)
            } else {
                Err(anyhow::anyhow!("given up"))
            };
            (claimed, begun)
        });
        (path, begun)
    }
}

fn finish_all(
    folders: &Folders,
    flusher: &Flusher,
    loads: &Receiver<Loaded>,
    show: &mut Show,
) -> anyhow::Result<()> {
    go_after_writer();
    let mut outcome = Ok(());
    // Every archive that was loaded is finished, whatever became of others.
    for (path, claimed, submission) in loads {
        let done = finish(flusher, folders, &claimed, &submission)
            .with_context(|| path.display().to_string())
            .and_then(|()| show.one(&submission));
        outcome = outcome.and(done);
    }
    outcome.and_then(|()| Ok(flusher.empty()?))
}
