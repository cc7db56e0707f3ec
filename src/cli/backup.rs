//! `khlang backup` and `khlang restore`.

use std::path::{Path, PathBuf};

use super::{Context, Done, say};
use crate::daemon;
use crate::store::{AccessStore, restore};

/// Options of both.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup
    file: PathBuf,
}

/// Writes a backup, also while the daemon runs.
pub fn backup(context: &Context, args: &Args) -> anyhow::Result<Done> {
    context.reader()?.backup(&args.file)?;
    let mut written = vec![args.file.clone()];
    if AccessStore::path(&context.data).exists() {
        let beside = beside(&args.file);
        context.access()?.backup(&beside)?;
        written.push(beside);
    }
    for file in written {
        let bytes = file.metadata()?.len();
        say(format!("{}: {bytes} bytes", file.display()))?;
    }
    Ok(Done::Good)
}

/// Where the copy of tokens and access log goes: beside that of the database.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".access");
    name.into()
}

/// Puts a backup in the place of the database, once it has proven itself.
pub fn restore_from(context: &Context, args: &Args) -> anyhow::Result<Done> {
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
    let days = i64::from(config.timeliness.days);
    let report = restore(&args.file, &folders.database(), &catalog, days)?;
    for mismatch in &report.mismatches {
        say(format!("- {}", mismatch.what))?;
    }
    if !report.mismatches.is_empty() {
        say(
            context.pick("ไม่ได้กู้คืน: ไฟล์สำรองไม่ตรงกัน", "not restored: the backup contradicts itself")
        )?;
        return Ok(Done::Short);
    }
    if AccessStore::adopt(&beside(&args.file), &folders.data)? {
        let (th, en) = ("กู้คืนโทเคนและบันทึกการเข้าถึงแล้ว", "tokens and access log restored");
        say(context.pick(th, en))?;
    }
    say(format!(
        "{}: {} {}, {} {}",
        context.pick("กู้คืนแล้ว", "restored"),
        report.submissions,
        context.pick("การส่ง", "submissions"),
        report.rows,
        context.pick("แถว", "rows"),
    ))?;
    Ok(Done::Good)
}
