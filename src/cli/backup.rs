//! `khlang backup` and `khlang restore`.

use std::path::{Path, PathBuf};

use super::context::CommandContext;
use super::output::{CommandOutcome, print, shown};
use crate::daemon;
use crate::files::is_there;
use crate::store::{
    AccessStore, PartialResults, Restoring, may_write, restore, sweep, sweep_restore,
};
use crate::text::message_with;

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup
    file: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Restore also when submissions would be lost, or it is another
    /// province's; what is there is kept in any case
    #[arg(long)]
    force: bool,
}

/// Writes a backup, also while the daemon runs.
pub fn backup(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader_of_any_version()?;
    let access = is_there(&AccessStore::path(&context.data))?.then(|| beside(&args.file));
    for path in [Some(&args.file), access.as_ref()].into_iter().flatten() {
        may_write(path)?;
    }
    let mut written = vec![(args.file.clone(), reader.backup(&args.file)?)];
    if let Some(beside) = access {
        let copied = context.access()?.backup(&beside)?;
        written.push((beside, copied));
    }
    for (file, copied) in written {
        print(format!(
            "{}: {} bytes, content {}",
            shown(&file),
            copied.bytes,
            &copied.content_sha256[..16]
        ))?;
    }
    Ok(CommandOutcome::Ok)
}

/// Where the copy of tokens and access log goes: beside that of the database.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".access");
    name.into()
}

/// Removes what backups and restores that were killed left in a data folder.
pub fn sweep_leftovers(data: &Path) -> anyhow::Result<()> {
    sweep(data)?;
    sweep(&data.join("backups"))?;
    Ok(sweep_restore(data)?)
}

/// Puts a backup in the place of the database, once it has proven itself.
pub fn restore_from(
    context: &CommandContext,
    args: &RestoreArgs,
) -> anyhow::Result<CommandOutcome> {
    let config = context.config()?;
    let catalog = context.catalog(&config)?;
    let folders = context.folders()?;
    let _lock = daemon::lock(&folders)?;
    // What is being loaded, here or by an `import`, would be lost to the store.
    let claimed = std::fs::read_dir(folders.work())?.next().is_some();
    anyhow::ensure!(
        !claimed,
        "{} is not empty: let `khlang serve` finish it first",
        folders.work().display()
    );
    // Without a list of its own a data folder is of no province yet.
    let own = is_there(&context.data.join("units.csv"))?;
    let units = if own { Some(context.units(&config)?) } else { None };
    let knows = |unit: &str| units.as_ref().is_some_and(|units| units.knows(unit));
    let restored = restore(&Restoring {
        backup: &args.file,
        database: &folders.database(),
        catalog: &catalog,
        on_time_days: i64::from(config.timeliness.days),
        knows: if own { Some(&knows) } else { None },
        force: args.force,
    })?;
    for mismatch in &restored.report.mismatches {
        print(format!("- {}", mismatch.what))?;
    }
    for refusal in &restored.refused {
        print(format!("- {}\n  {}", line(&refusal.th), line(&refusal.en)))?;
    }
    if !restored.refused.is_empty() {
        let name = shown(&args.file);
        let not = message_with("cli.not_restored", &[("name", &name)]);
        print(format!("{}\n{}", not.th, not.en))?;
        return Ok(CommandOutcome::InputIncomplete);
    }
    // Figures of another state; they are counted again.
    PartialResults::forget(&folders.data);
    if AccessStore::adopt(&beside(&args.file), &folders.data)? {
        print(context.message("cli.tokens_restored"))?;
    }
    if !restored.sealed {
        print(context.message("cli.backup_without_digests"))?;
    }
    print(format!(
        "{}: {} {}, {} {}",
        context.message("cli.restored"),
        restored.report.submissions,
        context.message("cli.submissions"),
        restored.report.rows,
        context.message("cli.rows"),
    ))?;
    if let Some(kept) = &restored.kept {
        print(format!("{}: {}", context.message("cli.the_old_database"), shown(kept)))?;
    }
    Ok(CommandOutcome::Ok)
}

/// A text that may hold names, on one line.
fn line(text: &str) -> String {
    crate::printable::line(text).into_owned()
}
