//! `khlang check`: judges archives without a database.

use std::sync::Arc;

use anyhow::Context as _;

use super::context::CommandContext;
use super::outcome::{Args, OutcomePrinter, Progress};
use super::output::CommandOutcome;
use crate::load::{LoadRequest, load};
use crate::store::Store;

/// Runs `khlang check`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    args.prove()?;
    let world = Arc::new(context.world()?);
    let mut show = OutcomePrinter::new(context, args);
    for path in &args.archives {
        let store = Store::temporary(&world.catalog, world.config.store.cache_mib)?;
        let now = context.clock.now();
        let claim = LoadRequest {
            world: Arc::clone(&world),
            path: path.clone(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            id: None,
            received_at: now,
            now,
            progress: Progress::bar(path),
        };
        let outcome = load(&store, claim, &|_| None);
        show.one(&outcome.with_context(|| path.display().to_string())?)?;
    }
    show.end()
}
