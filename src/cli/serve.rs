//! `khlang serve`: the daemon.

use super::context::CommandContext;
use super::output::{CommandOutcome, print};
use crate::audit::{RuleLibrary, prove};
use crate::daemon::{self, Setup};
use crate::overlay::{self, Overlay};
use crate::rep::RepLayouts;
use crate::score::Rulebooks;

/// Runs `khlang serve`.
pub fn run(context: &CommandContext) -> anyhow::Result<CommandOutcome> {
    let setup = setup(context)?;
    super::backup::sweep_leftovers(&context.data)?;
    // Rules that are part of the program are proven by its tests.
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    if library.rules.values().any(|rule| rule.own)
        && let Some(book) = Rulebooks::open(&context.data).all()?.last()
    {
        prove(&context.environment()?, book, &library, |rule| rule.own)?;
    }
    let layouts = Overlay::new(&context.data, overlay::REP);
    if !layouts.files()?.is_empty() {
        RepLayouts::load(Some(&layouts), &context.environment()?.catalog)?;
    }
    daemon::run(setup)?;
    Ok(CommandOutcome::Ok)
}

/// The daemon over this context. When it is ready it says where to drop
/// archives and which address to open.
pub fn setup(context: &CommandContext) -> anyhow::Result<Setup> {
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
        if let Err(error) = print(text) {
            log::debug!("standard output: {error}");
        }
    };
    let environment = context.clone();
    Ok(Setup {
        folders,
        clock: context.clock,
        environment: Box::new(move || environment.environment()),
        until_idle: false,
        ready: Box::new(ready),
        idle: Box::new(|_| ()),
    })
}
