//! `khlang sample`: a synthetic province.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::PossibleValuesParser;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::archive::Standard;
use crate::sample::{SampleArgs, default_start, generate};

/// Options of `sample`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to write to
    dir: PathBuf,
    /// Health units
    #[arg(long, default_value_t = 12)]
    units: u32,
    /// Residents
    #[arg(long, default_value_t = 4000)]
    persons: u32,
    /// Months of service
    #[arg(long, default_value_t = 3)]
    months: u32,
    /// Seed of all random choices: the same arguments give the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Standard of the archives
    #[arg(long, default_value = "f43", ignore_case = true, value_parser = PossibleValuesParser::new(["f21", "f43"]))]
    standard: String,
    /// Share of rows to spoil; brings broken archives and a ledger of it all
    #[arg(long, default_value_t = 0.0, value_name = "RATE")]
    defects: f64,
    /// First month of service (any day of it)
    #[arg(long, value_name = "YYYY-MM-DD")]
    start: Option<NaiveDate>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `khlang sample`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let catalog = context.catalog(&context.config()?)?;
    let standard: Standard =
        args.standard.parse().map_err(|_| anyhow::anyhow!("no standard {}", args.standard))?;
    let summary = generate(
        &SampleArgs {
            dir: args.dir.clone(),
            units: args.units,
            persons: args.persons,
            months: args.months,
            seed: args.seed,
            standard: Some(standard),
            defects: args.defects,
            start: args.start.unwrap_or_else(default_start),
        },
        &catalog,
    )?;
    if args.json {
        print_json(&summary)?;
    } else {
        print(format!(
            "{}: {} archives, {} rows, {} bytes",
            args.dir.display(),
            summary.archives,
            summary.rows,
            summary.bytes
        ))?;
    }
    Ok(CommandOutcome::Ok)
}
