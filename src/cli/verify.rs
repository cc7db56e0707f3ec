//! `khlang verify`: database against its own counts, and against the folders.

use super::{Context, Done, say, say_json};
use crate::inbox::verify_folders;
use crate::store::{AccessStore, Mismatch};

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<Done> {
    context.reader()?;
    let config = context.config()?;
    let catalog = context.catalog(&config)?;
    let folders = context.folders()?;
    let store = crate::store::Store::open(&folders.database(), &catalog, config.store.cache_mib)?;
    let mut report = store.verify(&catalog, i64::from(config.timeliness.days))?;
    verify_folders(&store, &folders, &mut report)?;
    if AccessStore::path(&folders.data).exists()
        && let Some(what) = context.access()?.trouble()?
    {
        report.mismatches.push(Mismatch { submission: None, what: format!("access.db: {what}") });
    }
    if args.json {
        say_json(&report)?;
    } else {
        say(format!(
            "{}: {} {}, {} {}",
            if report.mismatches.is_empty() {
                "ok"
            } else {
                context.pick("พบความไม่ตรงกัน", "contradictions")
            },
            report.submissions,
            context.pick("การส่ง", "submissions"),
            report.rows,
            context.pick("แถว", "rows"),
        ))?;
        for mismatch in &report.mismatches {
            let id = mismatch.submission.map_or(String::new(), |id| format!("#{id} "));
            say(format!("- {id}{}", mismatch.what))?;
        }
    }
    Ok(if report.mismatches.is_empty() { Done::Good } else { Done::Short })
}
