//! `khlang hold`: money kept back, by whom, when and why.

use super::context::CommandContext;
use super::known::{self, optional_unit, unknown};
use super::output::{CommandOutcome, print, print_json};
use crate::money::holds::{ALL, PERFORMANCE, parse_percent, percent};
use crate::printable::line;
use crate::score::rulebook::Rulebooks;
use crate::score::{AsOf, Rulebook};
use crate::store::{Hold, HoldAction, HoldOf};

/// Calls of `hold`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Hold money of a unit back
    Add(AddArgs),
    /// List holds, those that have ended too
    List {
        /// Of this round (B.E.)
        #[arg(long)]
        round: Option<i32>,
        /// Of this unit
        #[arg(long)]
        unit: Option<String>,
        /// As they were until the submission after this one came
        #[arg(long, value_name = "SUBMISSION")]
        as_of: Option<i64>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// End a hold; it stays on record
    Release {
        /// Its number
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decided [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Options of `hold add`.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// Round (B.E.)
    #[arg(long)]
    round: i32,
    /// HCODE of the unit
    #[arg(long)]
    unit: String,
    /// Item of the rulebook; PERFORMANCE for the performance money, ALL for
    /// everything
    #[arg(long)]
    item: String,
    /// Number of the tranche
    #[arg(long)]
    tranche: u32,
    /// How much of it, in percent
    #[arg(long, default_value = "100", value_parser = parse_percent)]
    percent: u32,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who decided [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `khlang hold`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Add(args) => add(context, args),
        Args::List { round, unit, as_of, json } => {
            let reader = context.reader()?;
            let unit = optional_unit(context, &reader, unit.as_deref())?;
            if let Some(round) = round {
                Rulebooks::open(&context.data).rulebook(*round)?;
            }
            let as_of = AsOf::find(&reader, *as_of)?.submission;
            let mut holds = reader.holds(round.map(i64::from), as_of)?;
            holds.retain(|hold| unit.as_ref().is_none_or(|unit| *unit == hold.of.hcode));
            show(context, &holds, *json)
        }
        Args::Release { id, reason, by, json } => {
            context.reader_of_any_version()?;
            let deed = deed(context, by.as_deref(), reason)?;
            let environment = context.environment()?;
            context.store(&environment, &context.folders()?)?.release_hold(*id, &deed)?;
            context.log_change("hold release", None, None, &format!("hold {id}"))?;
            one(context, *id, *json)
        }
    }
}

fn add(context: &CommandContext, args: &AddArgs) -> anyhow::Result<CommandOutcome> {
    context.reader_of_any_version()?;
    let deed = deed(context, args.by.as_deref(), &args.reason)?;
    let environment = context.environment()?;
    let book = Rulebooks::open(&context.data).rulebook(args.round)?;
    let unit = known::unit(&environment.units, &args.unit)?;
    let of = HoldOf {
        round: i64::from(args.round),
        hcode: unit,
        item: item(&book, &args.item)?,
        tranche: tranche(&book, args.tranche)?,
        share: args.percent,
    };
    let id = context.store(&environment, &context.folders()?)?.add_hold(&of, &deed)?;
    context.log_change("hold add", Some(&of.hcode), None, &format!("hold {id}"))?;
    one(context, id, args.json)
}

fn item(book: &Rulebook, text: &str) -> anyhow::Result<String> {
    let item = text.to_ascii_uppercase();
    let known: Vec<&str> =
        book.points.iter().map(|item| item.item.as_str()).chain([PERFORMANCE, ALL]).collect();
    if known.contains(&item.as_str()) {
        return Ok(item);
    }
    Err(unknown("noun.item", text, known.into_iter()))
}

fn tranche(book: &Rulebook, number: u32) -> anyhow::Result<String> {
    let known = book.tranches.iter().any(|tranche| tranche.number == number);
    anyhow::ensure!(known, "round {} has no tranche {number}", book.round);
    Ok(number.to_string())
}

fn deed(context: &CommandContext, by: Option<&str>, reason: &str) -> anyhow::Result<HoldAction> {
    let reason = reason.trim();
    anyhow::ensure!(!reason.is_empty(), "a reason is needed");
    let user = || std::env::var("USER").unwrap_or_else(|_| "cli".to_owned());
    let by = by.map(str::trim).filter(|by| !by.is_empty()).map_or_else(user, str::to_owned);
    Ok(HoldAction { at: context.clock.now().to_rfc3339(), by, reason: reason.to_owned() })
}

fn one(context: &CommandContext, id: i64, json: bool) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let mut holds = reader.holds(None, i64::MAX)?;
    holds.retain(|hold| hold.id == id);
    show(context, &holds, json)
}

fn show(context: &CommandContext, holds: &[Hold], json: bool) -> anyhow::Result<CommandOutcome> {
    if json {
        print_json(&holds)?;
        return Ok(CommandOutcome::Ok);
    }
    for hold in holds {
        let (of, held) = (&hold.of, &hold.held);
        let released = hold.released.as_ref().map_or(String::new(), |deed| {
            let word = context.message("cli.released");
            format!(" — {word} {} {}: {}", &deed.at[..10], line(&deed.by), line(&deed.reason))
        });
        print(format!(
            "{:>4} {} {} {} {} {}% {} {}: {}{released}",
            hold.id,
            of.round,
            of.hcode,
            of.item,
            context.message_with("closing.tranche", &[("part", &of.tranche)]),
            percent(of.share),
            &held.at[..10],
            line(&held.by),
            line(&held.reason)
        ))?;
    }
    Ok(CommandOutcome::Ok)
}
