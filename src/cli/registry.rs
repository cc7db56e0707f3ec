//! `khlang registry`: the population registry, and times of forwarding.

use std::path::PathBuf;

use anyhow::Context as _;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::files::open_plain;
use crate::registry::{BadLine, ImportError, Imported, import, parse_forwarded};

/// Calls of `registry`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Replace the population registry by a CSV file with the header
    /// cid,hcode,hmain,scheme
    Import {
        /// The file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Write down when submissions were sent on, from a CSV file with the
    /// header destination,submission,at
    Forwarded {
        /// The file
        file: PathBuf,
    },
}

/// Runs `khlang registry`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Import { file, json } => import_file(context, file, *json),
        Args::Forwarded { file } => forwarded(context, file),
    }
}

fn import_file(
    context: &CommandContext,
    file: &std::path::Path,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    drop(open_plain(file).with_context(|| file.display().to_string())?);
    let environment = context.environment()?;
    let folders = context.folders()?;
    let mut store = context.store(&environment, &folders)?;
    let by = std::env::var("USER").unwrap_or_else(|_| "cli".to_owned());
    let at = context.clock.now().to_rfc3339();
    let imported =
        match import(&mut store, file, &by, &at, environment.config.limits.findings as usize) {
            Ok(imported) => imported,
            Err(ImportError::File { file, line, th, en }) => {
                let what = context.pick(&th, &en);
                let kept = context.message("cli.the_registry_in_use_stays");
                log::error!("{file}:{line}: {what} ({kept})");
                return Ok(CommandOutcome::InputIncomplete);
            }
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
    context.log_change("registry import", None, None, &format!("{} persons", imported.persons))?;
    if json {
        print_json(&imported)?;
    } else {
        show(context, &imported)?;
    }
    Ok(if imported.bad == 0 { CommandOutcome::Ok } else { CommandOutcome::InputIncomplete })
}

fn show(context: &CommandContext, imported: &Imported) -> anyhow::Result<()> {
    let Imported { file, sha256, persons, without_hcode, bad, bad_lines, .. } = imported;
    let file = crate::printable::line(file);
    print(context.message_with(
        "cli.registry_imported",
        &[("file", &file), ("persons", persons), ("without_hcode", without_hcode), ("bad", bad)],
    ))?;
    print(format!("sha256 {sha256}"))?;
    for BadLine { line, th, en } in bad_lines {
        print(format!("{file}:{line}: {th} / {en}"))?;
    }
    let more = bad - bad_lines.len() as u64;
    if more > 0 {
        print(format!("… {more}"))?;
    }
    Ok(())
}

fn forwarded(context: &CommandContext, file: &std::path::Path) -> anyhow::Result<CommandOutcome> {
    let lines = parse_forwarded(file)?;
    let environment = context.environment()?;
    let mut store = context.store(&environment, &context.folders()?)?;
    store.record_forwarded(&lines)?;
    context.log_change("registry forwarded", None, None, &format!("{} lines", lines.len()))?;
    print(format!("{} {}", lines.len(), context.message("cli.times_of_forwarding")))?;
    Ok(CommandOutcome::Ok)
}
