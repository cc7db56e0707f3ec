//! `khlang verify`: database against its own counts, the folders and backups.

use std::path::{Path, PathBuf};

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::files::is_there;
use crate::inbox::verify_folders;
use crate::store::{AccessStore, Mismatch, Opening, prove_backup};

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prove this backup, too; those in `backups/` always are
    #[arg(long, value_name = "FILE")]
    backup: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `khlang verify`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    context.reader_of_any_version()?;
    let config = context.config()?;
    let catalog = context.catalog(&config)?;
    let folders = context.folders()?;
    let store = crate::store::Store::open_with(
        &folders.database(),
        &catalog,
        Opening {
            cache_mib: config.store.cache_mib,
            copy_first: config.store.copy_before_migration,
        },
    )?;
    let mut report = store.verify(&catalog, i64::from(config.timeliness.days))?;
    verify_folders(&store, &folders, &mut report)?;
    let mut backups = Vec::new();
    for path in args.backup.iter().cloned().chain(databases(&folders.backups())?) {
        backups.push(prove_backup(&path, &mut report)?);
    }
    store.verify_contents(&backups, &mut report)?;
    if is_there(&AccessStore::path(&folders.data))?
        && let Some(what) = context.access()?.trouble()?
    {
        report.mismatches.push(Mismatch { submission: None, what: format!("access.db: {what}") });
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(format!(
            "{}: {} {}, {} {}",
            if report.mismatches.is_empty() { "ok" } else { context.message("cli.contradictions") },
            report.submissions,
            context.message("cli.submissions"),
            report.rows,
            context.message("cli.rows"),
        ))?;
        for mismatch in &report.mismatches {
            let id = mismatch.submission.map_or(String::new(), |id| format!("#{id} "));
            print(format!("- {id}{}", crate::printable::line(&mismatch.what)))?;
        }
    }
    Ok(if report.mismatches.is_empty() {
        CommandOutcome::Ok
    } else {
        CommandOutcome::InputIncomplete
    })
}

/// The databases in a folder, by name.
fn databases(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    found.retain(|path| path.extension().is_some_and(|ending| ending == "db"));
    found.sort();
    Ok(found)
}
