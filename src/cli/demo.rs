//! `khlang demo`: the main job on synthetic archives, in a fresh data folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::{Datelike, Months};

use super::context::CommandContext;
use super::output::{CommandOutcome, print};
use super::serve;
use crate::archive::Standard;
use crate::daemon;
use crate::files::{is_there, rename_durably};
use crate::inbox::Folders;
use crate::sample::{Ledger, SampleArgs, generate};
use crate::store::{Reader, SubmissionFilter};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Health units
    #[arg(long, default_value_t = 12)]
    units: u32,
    /// Residents
    #[arg(long, default_value_t = 3000)]
    persons: u32,
    /// Months of service
    #[arg(long, default_value_t = 2)]
    months: u32,
    /// Share of rows to spoil
    #[arg(long, default_value_t = 0.02, value_name = "RATE")]
    defects: f64,
}

/// Runs `khlang demo`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let folders = context.folders()?;
    if is_there(&folders.database())? {
        print(context.message("cli.there_is_a_database_already_no"))?;
    } else {
        fill(context, args, &folders)?;
    }
    let mut setup = serve::setup(context)?;
    let (ready, lang) = (setup.ready, context.clone());
    let address = std::sync::Arc::new(std::sync::OnceLock::new());
    let told = std::sync::Arc::clone(&address);
    setup.ready = Box::new(move |at| {
        let _ = told.set(at.to_owned());
        ready(at);
    });
    setup.idle = Box::new(move |data| {
        let address = address.get().map_or("", String::as_str);
        if let Err(error) = summary(&lang, data, address) {
            log::error!("demo: {error:#}");
        }
    });
    daemon::run(setup)?;
    Ok(CommandOutcome::Ok)
}

/// Archives of both standards, of the last months, into the inbox.
fn fill(context: &CommandContext, args: &Args, folders: &Folders) -> anyhow::Result<()> {
    let catalog = context.catalog(&context.config()?)?;
    let today = context.clock.now().date_naive();
    let start = today
        .with_day(1)
        .and_then(|day| day.checked_sub_months(Months::new(args.months + 1)))
        .context("the clock is out of range")?;
    let made = folders.data.join("sample");
    for standard in [Standard::F43, Standard::F21] {
        let dir = made.join(standard.to_string());
        let sample = SampleArgs {
            dir: dir.clone(),
            units: args.units,
            persons: args.persons,
            months: args.months,
            seed: 1,
            standard: Some(standard),
            defects: args.defects,
            start,
        };
        generate(&sample, &catalog)?;
        let units = folders.data.join("units.csv");
        if !is_there(&units)? {
            fs::copy(dir.join("units.csv"), &units)?;
        }
        for name in chosen(&dir.join("ledger.json"), standard)? {
            rename_durably(&dir.join(&name), &folders.inbox().join(&name))?;
        }
    }
    Ok(())
}

/// The archives that the demo shows: every other unit sends this standard, and
/// of the broken ones there is one for each reason.
fn chosen(ledger: &Path, standard: Standard) -> anyhow::Result<Vec<String>> {
    let ledger: Ledger = serde_json::from_slice(&fs::read(ledger)?)?;
    let mut senders: Vec<&str> = Vec::new();
    let mut reasons = BTreeSet::new();
    let mut names = Vec::new();
    for entry in &ledger.archives {
        let at = senders.iter().position(|known| *known == entry.hcode).unwrap_or_else(|| {
            senders.push(&entry.hcode);
            senders.len() - 1
        });
        let turn = (at % 2 == 1) == (standard == Standard::F21);
        let shown = match entry.problems.first() {
            Some(problem) => reasons.insert(&problem.code),
            None => turn,
        };
        if shown && (turn || standard == Standard::F43) {
            names.push(entry.archive.clone());
        }
    }
    Ok(names)
}

/// Prints what was loaded, and where to look at it.
fn summary(context: &CommandContext, data: &Path, address: &str) -> anyhow::Result<()> {
    let reader = Reader::open(&Folders::new(data).database(), None)?;
    let overview = reader.overview(&None)?;
    print(format!("\n{}", context.message("cli.loaded")))?;
    for (status, count) in &overview.submissions {
        print(format!("  {status:<9} {count:>6} {}", context.message("cli.archives")))?;
    }
    print(format!(
        "  {}: {} = {} + {} + {}",
        context.message("cli.rows_received_accepted_duplicate_rejected"),
        overview.received,
        overview.accepted,
        overview.duplicate,
        overview.rejected
    ))?;
    let broken =
        SubmissionFilter { status: Some("broken".to_owned()), ..SubmissionFilter::default() };
    for line in reader.submissions(&broken, 1, 5)?.rows {
        print(format!("  {}: {}", line.archive, line.problems.join(" ")))?;
    }
    print(address)
}
