//! `khlang check`: judges archives without a database.

use anyhow::Context as _;

use super::outcome::{Args, Progress, Show};
use super::{Context, Done};
use crate::load::{Claim, load};
use crate::store::Store;

/// Runs it.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<Done> {
    let world = context.world()?;
    let mut show = Show::new(context, args);
    for path in &args.archives {
        let mut store = Store::temporary(&world.catalog, world.config.store.cache_mib)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let progress = Progress::new(path);
        let now = context.clock.now();
        let claim = Claim {
            path,
            name: &name,
            id: None,
            received_at: now,
            now,
            place: &|_| None,
            progress: &|bytes| progress.add(bytes),
        };
        let outcome = load(&world, &mut store, &claim);
        show.one(&outcome.with_context(|| path.display().to_string())?)?;
    }
    show.end()
}
