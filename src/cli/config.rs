//! `khlang config`: proves or shows the configuration in force.

use super::context::CommandContext;
use super::output::{CommandOutcome, print};
use crate::audit::{RuleLibrary, prove};
use crate::overlay::{self, Overlay};
use crate::score::rulebook::check::check;
use crate::score::{RulebookError, Rulebooks};

/// Calls of `config`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Check configuration, list of units, schema, code lists and rulebooks
    Check,
    /// Show the configuration in force, secrets masked
    Show,
}

/// Runs `khlang config`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Show => print(context.config()?.show())?,
        Args::Check => {
            let environment = context.environment()?;
            if environment.units.held.is_some() {
                // The environment has said so.
                return Ok(CommandOutcome::InputIncomplete);
            }
            let shelf = Rulebooks::open(&context.data);
            let books = shelf.all()?;
            let mistakes: Vec<RulebookError> =
                books.iter().flat_map(|book| check(book, &environment.catalog)).collect();
            for mistake in &mistakes {
                log::error!("{mistake}");
            }
            let cups = environment.units.cups_unknown();
            for mistake in cups {
                log::error!("{mistake}");
            }
            if !mistakes.is_empty() || !cups.is_empty() {
                return Ok(CommandOutcome::InputIncomplete);
            }
            super::forward::prove(context, &environment.config)?;
            super::export::prove(context, &environment.config)?;
            super::rep::layouts(context, &environment)?;
            let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
            if let Some(book) = books.last() {
                prove(&environment, book, &library, |_| true)?;
            }
            print(format!(
                "ok: {} {}, {} {}, {} {}, {} {}, {} {}",
                environment.units.by_code.len(),
                context.message("cli.units"),
                environment.catalog.records.len(),
                context.message("cli.kinds_of_record"),
                environment.catalog.codes.iter().count(),
                context.message("cli.code_lists"),
                books.len(),
                context.message("cli.rulebooks"),
                environment.config.export.len(),
                context.message("cli.exports"),
            ))?;
        }
    }
    Ok(CommandOutcome::Ok)
}
