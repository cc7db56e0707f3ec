//! `khlang check`: judges archives without a database, as many at once as
//! there are cores.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context as _;

use super::outcome::{Args, Progress, Show};
use super::{Context, Done};
use crate::load::{Ahead, Claim, load};
use crate::store::Store;
use crate::submission::Submission;
use crate::world::World;

/// Runs it.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<Done> {
    args.prove()?;
    let mut checking = Checking { world: Arc::new(context.world()?), context, store: None };
    let mut show = Show::new(context, args);
    let at_once = available_parallelism().map_or(1, usize::from);
    let mut archives = args.archives.iter();
    let mut begun: VecDeque<(&Path, anyhow::Result<Ahead>)> = VecDeque::new();
    loop {
        let free = at_once - begun.len();
        begun.extend(archives.by_ref().take(free).map(|path| {
            let ahead = Ahead::alone(checking.claim(path)).map_err(anyhow::Error::from);
            (path.as_path(), ahead)
        }));
        let Some((path, ahead)) = begun.pop_front() else { break };
        let outcome = ahead.and_then(|ahead| checking.outcome(path, ahead));
        show.one(&outcome.with_context(|| path.display().to_string())?)?;
    }
    show.end()
}

/// What checking works with.
struct Checking<'a> {
    context: &'a Context,
    world: Arc<World>,
    /// For archives with more rows than are told apart in memory.
    store: Option<Store>,
}

impl Checking<'_> {
    fn claim(&self, path: &Path) -> Claim {
        let now = self.context.clock.now();
        Claim {
            world: Arc::clone(&self.world),
            path: path.to_owned(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            id: None,
            received_at: now,
            seal: Arc::default(),
            now,
            progress: Progress::told(path),
        }
    }

    fn outcome(&mut self, path: &Path, ahead: Ahead) -> anyhow::Result<Submission> {
        if let Some(submission) = ahead.check()? {
            return Ok(submission);
        }
        let claim = self.claim(path);
        let store = match &mut self.store {
            Some(store) => store,
            none => {
                let cache = self.world.config.store.cache_mib;
                none.insert(Store::temporary(&self.world.catalog, cache)?)
            }
        };
        Ok(load(store, claim, &|_| None)?)
    }
}
