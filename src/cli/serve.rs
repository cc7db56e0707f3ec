//! `khlang serve`: the daemon.

use super::{Context, Done, say};
use crate::daemon::{self, Setup};

/// Runs it.
pub fn run(context: &Context) -> anyhow::Result<Done> {
    let setup = setup(context)?;
    super::backup::sweep_leftovers(&context.data)?;
    daemon::run(setup)?;
    Ok(Done::Good)
}

/// The daemon over this context. When it is ready it says where to drop
/// archives and which address to open.
pub fn setup(context: &Context) -> anyhow::Result<Setup> {
    let folders = context.folders()?;
    let inbox = std::path::absolute(folders.inbox())?;
    let pick = context.clone();
    let ready = move |address: &str| {
        log::info!("serving at {address}, inbox {}", inbox.display());
        let text = format!(
            "{} {}\n{} {address}",
            pick.message("cli.drop_archives_into"),
            inbox.display(),
            pick.message("cli.status_page"),
        );
        if let Err(error) = say(text) {
            log::debug!("standard output: {error}");
        }
    };
    let world = context.clone();
    Ok(Setup {
        folders,
        clock: context.clock,
        world: Box::new(move || world.world()),
        until_idle: false,
        ready: Box::new(ready),
        idle: Box::new(|_| ()),
    })
}
