//! `khlang statement`: what each main unit is told about its money.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;

use super::context::CommandContext;
use super::known::unknown;
use super::output::{CommandOutcome, print, print_json, shown};
use super::score::rulebook;
use crate::files::write_whole;
use crate::money::result::{CalculationInput, count};
use crate::money::statement::statement;
use crate::printable::line;
use crate::rep::{self, LayoutKind, ReceivedLine};
use crate::report::{Document, Format};
use crate::score::AsOf;
use crate::score::rulebook::Rulebooks;

/// Options of `statement`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    call: Option<ReceivedCall>,
    /// HCODE of the main unit; every one of them when none is given
    #[arg(long, value_name = "HCODE")]
    cup: Option<String>,
    /// The round, B.E. [default: that of today]
    #[arg(long)]
    round: Option<i32>,
    /// The state after this submission
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Form of the statement
    #[arg(long, default_value = "html", value_parser = PossibleValuesParser::new(Format::OF_STATEMENTS))]
    format: String,
    /// File to write, or the folder when every main unit is asked for
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
}

/// What is done with statements that come back.
#[derive(Debug, clap::Subcommand)]
enum ReceivedCall {
    /// Read a statement of money that was received
    Import(super::rep::ImportArgs),
    /// Compare what was received with what was allocated, in exact baht
    Compare {
        /// The round, B.E.
        #[arg(long)]
        round: i32,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs `khlang statement`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match &args.call {
        Some(ReceivedCall::Import(args)) => {
            return super::rep::import(context, args, LayoutKind::Statement);
        }
        Some(ReceivedCall::Compare { round, json }) => return compare(context, *round, *json),
        None => {}
    }
    let out = args.out.as_ref().context("clap asks for it")?;
    let now = context.clock.now();
    let round =
        args.round.unwrap_or_else(|| Rulebooks::open(&context.data).round_of(now.date_naive()));
    let book = rulebook(context, round)?;
    let config = context.config()?;
    let (units, catalog) = (context.payable_units(&config)?, context.catalog(&config)?);
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let as_of = AsOf::find(&reader, args.as_of)?;
    let kept = context.kept(&config, false);
    let basis = CalculationInput {
        reader: &reader,
        catalog: &catalog,
        units: &units,
        book: &book,
        as_of,
        kept: Some(&kept),
    };
    let counted = count(&basis)?;
    let format = Format::parse(&args.format).context("clap lets no other through")?;
    let write = |document: &Document, path: &Path| -> anyhow::Result<()> {
        let lang = context.lang;
        let bytes = document.write(format, lang, now)?;
        write_whole(path, &bytes).with_context(|| format!("writing {}", path.display()))?;
        print(shown(path))
    };
    let Some(cup) = &args.cup else {
        std::fs::create_dir_all(out)?;
        for cup in &counted.allocation.cups {
            if let Some(document) = statement(&basis, &counted, &cup.cup)? {
                let name = format!("{}.{}", document.name, format.as_str());
                write(&document, &out.join(name))?;
            }
        }
        return Ok(CommandOutcome::Ok);
    };
    let document = statement(&basis, &counted, cup)?;
    let main = || counted.allocation.cups.iter().map(|cup| cup.cup.as_str());
    let document = document.ok_or_else(|| unknown("noun.main_unit", cup, main()))?;
    write(&document, out)?;
    Ok(CommandOutcome::Ok)
}

/// What `statement compare` answers.
#[derive(serde::Serialize)]
struct CompareReply {
    round: i32,
    as_of_submission: i64,
    lines: Vec<ReceivedLine>,
}

fn compare(context: &CommandContext, round: i32, json: bool) -> anyhow::Result<CommandOutcome> {
    let book = rulebook(context, round)?;
    let config = context.config()?;
    let (units, catalog) = (context.payable_units(&config)?, context.catalog(&config)?);
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let as_of = AsOf::find(&reader, None)?;
    let kept = context.kept(&config, false);
    let basis = CalculationInput {
        reader: &reader,
        catalog: &catalog,
        units: &units,
        book: &book,
        as_of,
        kept: Some(&kept),
    };
    let counted = count(&basis)?;
    let received = reader.received(i64::from(round), None)?;
    let lines = rep::compare(&counted.allocation, &received);
    if json {
        let as_of_submission = counted.allocation.as_of_submission;
        print_json(&CompareReply { round, as_of_submission, lines })?;
        return Ok(CommandOutcome::Ok);
    }
    for of in &lines {
        print(format!(
            "{} {} {:<2} {} {} − {} = {} {}",
            of.cup,
            context.message(part(&of.part)),
            of.period,
            context.message("cli.received_less_allocated"),
            of.received.grouped(),
            of.allocated.grouped(),
            of.difference.grouped(),
            line(&of.documents.join(", ")),
        ))?;
    }
    Ok(CommandOutcome::Ok)
}

/// The key of the text of a part of the money.
fn part(name: &str) -> &'static str {
    match name {
        "quarter" => "rep.part_quarter",
        "tranche" => "rep.part_tranche",
        _ => "rep.part_support",
    }
}
