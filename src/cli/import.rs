//! `khlang import`: loads archives now, in the order given.

use anyhow::Context as _;

use super::outcome::{Args, Progress, show};
use super::{Context, Done};
use crate::inbox::{abandon_copy, claim_copy, process};

/// Runs it.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<Done> {
    let world = context.world()?;
    // Nothing is loaded of a list that has a mistake in it.
    for path in &args.archives {
        anyhow::ensure!(path.is_file(), "{} is no file", path.display());
    }
    let folders = context.folders()?;
    let mut store = context.store(&world, &folders)?;
    let mut outcomes = Vec::new();
    for path in &args.archives {
        let progress = Progress::new(path);
        let last = || store.last_submission();
        let claimed = claim_copy(&folders, path, &last, context.clock.now())
            .with_context(|| path.display().to_string())?;
        let outcome =
            process(&world, &mut store, &folders, &context.clock, &claimed, &|b| progress.add(b));
        if outcome.is_err() && store.known(claimed.id)?.is_none() {
            // Left in work/, it would be loaded behind the back of whoever
            // imports the file again.
            abandon_copy(&claimed)?;
        }
        outcomes.push(outcome.with_context(|| path.display().to_string())?);
    }
    show(context, &outcomes, args)
}
