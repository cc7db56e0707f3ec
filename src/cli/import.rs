//! `khlang import`: loads archives now, in the order given. While one is being
//! loaded the next is copied and the one before gets its receipt.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::context::CommandContext;
use super::outcome::{Args, OutcomePrinter, Progress};
use super::output::CommandOutcome;
use crate::environment::Environment;
use crate::inbox::{
    Claimed, Folders, Jobs, LoadJob, NotLoaded, Pipeline, abandon_copy, claim_copy, earlier_claims,
    finish, is_held,
};
use crate::priority::{go_after_writer, go_ahead_when_idle};
use crate::store::{Flusher, Reader, Store};
use crate::submission::Submission;

/// Archives that are copied ahead.
const AHEAD: usize = 1;

/// Loads that may wait for their receipts: a few, so that the disk may be slow
/// for a while, and not many, because each holds its list of findings.
const UNFINISHED: usize = 3;

/// How often it looks whether an earlier archive of the unit is done.
const LOOK: Duration = Duration::from_millis(50);

type CopiedArchive<'a> = (&'a Path, anyhow::Result<Claimed>);
type Loaded<'a> = (&'a Path, Claimed, Submission);

/// Runs `khlang import`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    args.prove()?;
    let environment = Arc::new(context.environment()?);
    let folders = context.folders()?;
    let store = context.store(&environment, &folders)?;
    let numbers = Reader::open(&folders.database(), None)?;
    let flusher = Flusher::open(&folders.database())?;
    let (copied, waiting) = bounded(AHEAD);
    let (loaded, unfinished) = bounded(UNFINISHED);
    let (folders, stop) = (&folders, &AtomicBool::new(false));
    let mut show = OutcomePrinter::new(context, args);
    let done = std::thread::scope(|scope| {
        scope.spawn(move || copy_all(context, args, folders, &numbers, stop, &copied));
        let showing = &mut show;
        let finished = scope.spawn(move || finish_all(folders, &flusher, &unfinished, showing));
        let pipeline = Pipeline { store: &store, folders, clock: &context.clock };
        let done = load_all(pipeline, &environment, stop, &waiting, &loaded);
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
    context: &CommandContext,
    args: &'a Args,
    folders: &Folders,
    numbers: &Reader,
    stop: &AtomicBool,
    copied: &Sender<CopiedArchive<'a>>,
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

/// Copies as jobs, until one cannot be copied or loaded: an archive may need the
/// persons of the one before, so that the rest are given up then.
struct Copies<'a, 'c> {
    environment: &'c Arc<Environment>,
    copied: &'c Receiver<CopiedArchive<'a>>,
    /// Paths of the jobs that were given, in their order.
    given: &'c RefCell<VecDeque<&'a Path>>,
    /// Why one could not be copied.
    failed: &'c RefCell<Option<anyhow::Error>>,
    stop: &'c AtomicBool,
}

impl<'a> Copies<'a, '_> {
    fn job(&self, (path, claimed): CopiedArchive<'a>) -> Option<LoadJob> {
        match claimed {
            Ok(claimed) => {
                self.given.borrow_mut().push_back(path);
                let (environment, progress) = (Arc::clone(self.environment), Progress::bar(path));
                Some(LoadJob { environment, claimed, progress })
            }
            Err(error) => {
                self.failed.replace(Some(error));
                None
            }
        }
    }

    fn gives_up(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.failed.borrow().is_some()
    }
}

impl Jobs for Copies<'_, '_> {
    fn wait(&mut self) -> Option<LoadJob> {
        if self.gives_up() { None } else { self.job(self.copied.recv().ok()?) }
    }

    fn ready(&mut self) -> Option<LoadJob> {
        if self.gives_up() { None } else { self.job(self.copied.try_recv().ok()?) }
    }
}

/// Loads every copy in its turn; after trouble the rest are given up.
fn load_all<'a>(
    pipeline: Pipeline<'_>,
    environment: &Arc<Environment>,
    stop: &AtomicBool,
    copied: &Receiver<CopiedArchive<'a>>,
    loaded: &Sender<Loaded<'a>>,
) -> anyhow::Result<()> {
    let (given, failed) = (RefCell::default(), RefCell::default());
    let jobs = Copies { environment, copied, given: &given, failed: &failed, stop };
    let mut outcome = Ok(());
    for (claimed, load) in pipeline.run(jobs) {
        let path = given.borrow_mut().pop_front().unwrap_or(Path::new(""));
        let done = match load {
            Ok(submission) => {
                // Whoever finishes goes on until this side lets go.
                let _ = loaded.send((path, claimed, submission));
                Ok(())
            }
            Err(NotLoaded::Behind) => abandon_copy(&claimed).map_err(anyhow::Error::from),
            Err(NotLoaded::Failed(error)) => give_back(pipeline.store, &claimed)
                .and(Err(anyhow::Error::from(error).context(path.display().to_string()))),
        };
        outcome = outcome.and(done);
        stop.store(outcome.is_err(), Ordering::Relaxed);
    }
    outcome = outcome.and(failed.into_inner().map_or(Ok(()), Err));
    stop.store(outcome.is_err(), Ordering::Relaxed);
    // What was copied ahead of trouble.
    for (_, claimed) in copied {
        outcome = outcome.and(claimed.and_then(|claimed| Ok(abandon_copy(&claimed)?)));
    }
    outcome
}

/// Abandons a copy that is not stored: left in work/, it would be loaded behind
/// the back of whoever imports the file again.
fn give_back(store: &Store, claimed: &Claimed) -> anyhow::Result<()> {
    if store.known(claimed.id)?.is_none() {
        abandon_copy(claimed)?;
    }
    Ok(())
}

fn finish_all(
    folders: &Folders,
    flusher: &Flusher,
    loads: &Receiver<Loaded>,
    show: &mut OutcomePrinter,
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
