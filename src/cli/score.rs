//! `khlang score`: points and quality of a round, and the rows behind them.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::context::CommandContext;
use super::known::{unit_or_sender, unknown};
use super::output::{CommandOutcome, print, print_json};
use crate::score::quality::{TrancheQuality, of_round};
use crate::score::rulebook::check::check;
use crate::score::{
    AsOf, CacheHandle, FigureRef, Points, Rulebook, Rulebooks, ScoreQuery, ScoreReport,
    cached_points, contributing_rows,
};
use crate::text::message_with;

/// Options of `score`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    rows: Option<RowsQuery>,
    /// The round, B.E. (2557: 1 Jul 2556 to 30 Jun 2557)
    #[arg(long, required = true)]
    round: Option<i32>,
    /// One unit only
    #[arg(long, value_name = "HCODE")]
    unit: Option<String>,
    /// The state after this submission
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Points by month, too
    #[arg(long)]
    by_month: bool,
    /// Count all rows anew, without what is kept of earlier counts
    #[arg(long)]
    fresh: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Calls of `score`.
#[derive(Debug, clap::Subcommand)]
enum RowsQuery {
    /// List the rows behind a figure
    Rows(RowsArgs),
}

/// Options of `score rows`.
#[derive(Debug, clap::Args)]
struct RowsArgs {
    /// The round, B.E.
    #[arg(long)]
    round: i32,
    /// The unit
    #[arg(long, value_name = "HCODE")]
    unit: String,
    /// The item, e.g. EPI
    #[arg(long)]
    item: String,
    /// One month only (YYYY-MM, common era)
    #[arg(long, value_parser = month)]
    month: Option<u32>,
    /// The state after this submission
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `khlang score`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match (&args.rows, args.round) {
        (Some(RowsQuery::Rows(args)), _) => rows(context, args),
        (None, Some(round)) => sheet(context, args, round),
        (None, None) => anyhow::bail!("--round is needed"),
    }
}

/// The rulebook of a round, when nothing is wrong with it.
pub(super) fn rulebook(context: &CommandContext, round: i32) -> anyhow::Result<Rulebook> {
    let book = Rulebooks::open(&context.data).rulebook(round)?;
    let catalog = context.catalog(&context.config()?)?;
    match check(&book, &catalog).into_iter().next() {
        Some(mistake) => Err(mistake.into()),
        None => Ok(book),
    }
}

fn sheet(context: &CommandContext, args: &Args, round: i32) -> anyhow::Result<CommandOutcome> {
    let book = rulebook(context, round)?;
    let config = context.config()?;
    let (units, catalog) = (context.units(&config)?, context.catalog(&config)?);
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let hcode =
        args.unit.as_deref().map(|unit| unit_or_sender(&reader, &units, unit)).transpose()?;
    let as_of = AsOf::find(&reader, args.as_of)?;
    let kept = context.kept(&config, args.fresh);
    let keeping = CacheHandle { kept: &kept, catalog: &catalog };
    let points = cached_points(&reader, &book, &units, as_of, Some(keeping))?;
    let wanted = ScoreQuery { hcode, by_month: args.by_month };
    let quality = of_round(&reader, &catalog, &book, points.as_of.submission)?;
    let of_unit = |hcode: &str| quality.get(hcode).cloned().unwrap_or_default();
    let sheet = ScoreReport::new(&book, &units, &points, &wanted, of_unit);
    if args.json {
        print_json(&sheet)?;
    } else {
        table(context, &book, &points, &sheet)?;
    }
    Ok(CommandOutcome::Ok)
}

/// Quality of a unit by tranche.
type Tranches = BTreeMap<u32, TrancheQuality>;

fn table(
    context: &CommandContext,
    book: &Rulebook,
    points: &Points,
    sheet: &ScoreReport<Tranches>,
) -> anyhow::Result<()> {
    let (as_of, rules) = (sheet.as_of_submission, &book.sha256[..12]);
    print(context.message_with(
        "cli.points_of_round",
        &[("round", &book.round), ("as_of", &as_of), ("rules", &rules)],
    ))?;
    for unit in &sheet.units {
        print(format!("\n{} {:.2}", unit.hcode, unit.total.0))?;
        for item in &book.points {
            let cell = points.sum(&unit.hcode, &item.item, None);
            if cell.rows > 0 {
                let name = context.pick(&item.th, &item.en);
                let (rows, worth) = (cell.rows, cell.points);
                print(format!("  {:<10}{rows:>10}{worth:>14.2}  {name}", item.item))?;
            }
        }
        for (tranche, quality) in &unit.quality {
            let (score, max) = (quality.score, quality.max);
            let name = context.message("cli.quality_of_tranche");
            print(format!("  {name} {tranche}: {score:.2} / {max:.2}"))?;
        }
        for (month, items) in unit.months.iter().flatten() {
            let items = items.iter().filter(|(_, amount)| !amount.0.is_zero());
            let items: Vec<String> =
                items.map(|(item, amount)| format!("{item} {:.2}", amount.0)).collect();
            print(format!("  {month}  {}", items.join("  ")))?;
        }
    }
    notes(context, book, sheet)
}

fn notes<Q>(
    context: &CommandContext,
    book: &Rulebook,
    sheet: &ScoreReport<Q>,
) -> anyhow::Result<()> {
    if !sheet.notes.is_empty() {
        print("")?;
    }
    for note in &sheet.notes {
        print(format!("! {}", context.pick(&note.text.th, &note.text.en)))?;
    }
    print(format!("\n{}", context.message("cli.local_defaults")))?;
    for local in &book.local_defaults {
        print(format!("- {}: {}", local.key, context.pick(&local.text.th, &local.text.en)))?;
    }
    Ok(())
}

fn rows(context: &CommandContext, args: &RowsArgs) -> anyhow::Result<CommandOutcome> {
    let book = rulebook(context, args.round)?;
    let config = context.config()?;
    let (units, catalog) = (context.units(&config)?, context.catalog(&config)?);
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let wanted = args.item.to_ascii_uppercase();
    let Some(item) = book.item(&wanted) else {
        let known: Vec<&str> = book.points.iter().map(|item| item.item.as_str()).collect();
        return Err(unknown("noun.item", &wanted, known.into_iter()));
    };
    let unit = unit_or_sender(&reader, &units, &args.unit)?;
    if let Some(month) = args.month {
        let first = |day: chrono::NaiveDate| day.year().unsigned_abs() * 100 + day.month();
        anyhow::ensure!(
            (first(book.window.from)..=first(book.window.to)).contains(&month),
            "{}",
            message_with("cli.no_month_of_the_round", &[("month", &month), ("round", &args.round)])
                .both()
        );
    }
    let as_of = AsOf::find(&reader, args.as_of)?.submission;
    let figure = FigureRef { hcode: &unit, item, month: args.month, as_of };
    let rows = contributing_rows(&reader, &book, &units, &catalog, &figure)?;
    if args.json {
        print_json(&rows)?;
        return Ok(CommandOutcome::Ok);
    }
    for row in &rows {
        let (file, submission, line) = (&row.file, row.submission, row.line);
        let cid = row.cid.as_deref().unwrap_or("-");
        print(format!("{file} #{submission}:{line} {} {:.2} {cid}", row.date, row.points))?;
    }
    Ok(CommandOutcome::Ok)
}

fn month(text: &str) -> Result<u32, String> {
    let wrong = || format!("not a month like 2013-07: {text}");
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    match (year.parse::<u32>(), month.parse::<u32>()) {
        (Ok(year), Ok(month)) if (1..=12).contains(&month) => Ok(year * 100 + month),
        _ => Err(wrong()),
    }
}
