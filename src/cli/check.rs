//! `khlang check`: validates archives without a database, as many at once as
//! there are cores.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context as _;

use super::context::CommandContext;
use super::outcome::{Args, OutcomePrinter, Progress};
use super::output::CommandOutcome;
use crate::environment::Environment;
use crate::load::{LoadRequest, PendingLoad, load};
use crate::store::Store;
use crate::submission::Submission;

/// Runs `khlang check`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    args.prove()?;
    let mut checking =
        Checking { environment: Arc::new(context.environment()?), context, store: None };
    let mut show = OutcomePrinter::new(context, args);
    let at_once = available_parallelism().map_or(1, usize::from);
    let mut archives = args.archives.iter();
    let mut begun: VecDeque<(&Path, anyhow::Result<PendingLoad>)> = VecDeque::new();
    loop {
        let free = at_once - begun.len();
        begun.extend(archives.by_ref().take(free).map(|path| {
            let pending = PendingLoad::alone(checking.request(path)).map_err(anyhow::Error::from);
            (path.as_path(), pending)
        }));
        let Some((path, pending)) = begun.pop_front() else { break };
        let outcome = pending.and_then(|pending| checking.outcome(path, pending));
        show.one(&outcome.with_context(|| path.display().to_string())?)?;
    }
    show.end()
}

/// What checking works with.
struct Checking<'a> {
    context: &'a CommandContext,
    environment: Arc<Environment>,
    /// For archives with more rows than are told apart in memory.
    store: Option<Store>,
}

impl Checking<'_> {
    fn request(&self, path: &Path) -> LoadRequest {
        let now = self.context.clock.now();
        LoadRequest {
            environment: Arc::clone(&self.environment),
            path: path.to_owned(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            id: None,
            received_at: now,
            seal: Arc::default(),
            now,
            progress: Progress::bar(path),
        }
    }

    fn outcome(&mut self, path: &Path, pending: PendingLoad) -> anyhow::Result<Submission> {
        if let Some(submission) = pending.check()? {
            return Ok(submission);
        }
        let request = self.request(path);
        let store = match &mut self.store {
            Some(store) => store,
            none => {
                let cache = self.environment.config.store.cache_mib;
                none.insert(Store::temporary(&self.environment.catalog, cache)?)
            }
        };
        Ok(load(store, request, &|_| None)?)
    }
}
