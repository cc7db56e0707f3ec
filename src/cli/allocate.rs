//! `khlang allocate`: the money of a round.

use std::path::PathBuf;

use unicode_width::UnicodeWidthStr as _;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use super::score::rulebook;
use crate::money::Satang;
use crate::money::allocate::MoneySums;
use crate::money::compare::{Comparison, compare};
use crate::money::result::{Allocation, Calculation, CalculationInput, count};
use crate::score::rulebook::check::check;
use crate::score::rulebook::read;
use crate::score::{AsOf, Rulebook};

/// Options of `allocate`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    parts: Option<super::closing::Args>,
    /// The round, B.E. (2557: 1 Jul 2556 to 30 Jun 2557)
    #[arg(long, required = true)]
    round: Option<i32>,
    /// Allocate by this rulebook instead of the one in force
    #[arg(long, value_name = "FILE")]
    rulebook: Option<PathBuf>,
    /// Compare that rulebook with the one in force, on the same data
    #[arg(long, requires = "rulebook")]
    compare: bool,
    /// The state after this submission
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `khlang allocate`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match (&args.parts, args.round) {
        (Some(parts), _) => super::closing::run(context, parts),
        (None, Some(round)) => allocation(context, args, round),
        (None, None) => anyhow::bail!("--round is needed"),
    }
}

fn allocation(context: &CommandContext, args: &Args, round: i32) -> anyhow::Result<CommandOutcome> {
    let other = args.rulebook.as_ref().map(|path| trial(context, path, round)).transpose()?;
    let base = || rulebook(context, round);
    match (other, args.compare) {
        (Some(other), true) => {
            let mut both = counted(context, &[base()?, other], args.as_of)?.into_iter();
            let (Some(base), Some(other)) = (both.next(), both.next()) else {
                anyhow::bail!("two rulebooks give two allocations");
            };
            let comparison = compare(&base.allocation, &other.allocation);
            if args.json { print_json(&comparison)? } else { print_beside(context, &comparison)? }
        }
        (other, _) => {
            let book = other.map_or_else(base, Ok)?;
            for mut one in counted(context, &[book], args.as_of)? {
                one.allocation.name_cases();
                if args.json {
                    print_json(&one.allocation)?;
                } else {
                    table(context, &one.allocation)?;
                }
            }
        }
    }
    Ok(CommandOutcome::Ok)
}

/// A rulebook on trial: as good as one in force, and of the same round.
fn trial(context: &CommandContext, path: &std::path::Path, round: i32) -> anyhow::Result<Rulebook> {
    let book = read(path)?;
    let catalog = context.catalog(&context.config()?)?;
    if let Some(mistake) = check(&book, &catalog).into_iter().next() {
        return Err(mistake.into());
    }
    anyhow::ensure!(
        book.round == round,
        "{} is a rulebook of round {}: to try its rules on the data of {round}, give a copy the \
         round and the days of {round}",
        path.display(),
        book.round
    );
    Ok(book)
}

/// Counts by each rulebook on one state of the store.
pub(super) fn counted(
    context: &CommandContext,
    books: &[Rulebook],
    as_of: Option<i64>,
) -> anyhow::Result<Vec<Calculation>> {
    let config = context.config()?;
    let (units, catalog) = (context.payable_units(&config)?, context.catalog(&config)?);
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let as_of = AsOf::find(&reader, as_of)?;
    let kept = context.kept(&config, false);
    let (reader, units, catalog, kept) = (&reader, &units, &catalog, Some(&kept));
    books
        .iter()
        .map(|book| {
            Ok(count(&CalculationInput {
                reader,
                catalog,
                units,
                book,
                as_of: as_of.clone(),
                kept,
            })?)
        })
        .collect()
}

fn table(context: &CommandContext, of: &Allocation) -> anyhow::Result<()> {
    let (round, as_of, rules) = (of.round, of.as_of_submission, &of.rulebook[..12]);
    let past = if of.last_submission > as_of {
        let last = of.last_submission;
        context.message_with("cli.a_past_state", &[("last", &last)])
    } else {
        String::new()
    };
    print(context.message_with(
        "cli.allocation_of_round",
        &[("round", &round), ("as_of", &as_of), ("past", &past), ("rules", &rules)],
    ))?;
    let heads = of.pools.heads;
    print(format!("{}: {heads}", context.message("cli.uc_heads")))?;
    heading(context)?;
    for cup in &of.cups {
        print("")?;
        line("", &cup.cup, &cup.sums, &cup.name)?;
        for unit in &cup.units {
            line("  ", &unit.hcode, &unit.money.sums, &unit.name)?;
            for of in &unit.cases {
                super::audit::print_beside(context, of)?;
            }
        }
    }
    print("")?;
    line("", context.message("cli.total"), &of.total, "")?;
    print(format!("{}: {}", context.message("cli.unallocated"), of.unallocated.grouped()))?;
    for (name, pool) in &of.pools.support {
        let (label, left) = (context.message("cli.support"), pool.not_shared.grouped());
        let shared = pool.shared.grouped();
        print(context.message_with(
            "cli.shared_out",
            &[("label", &label), ("name", &name), ("shared", &shared), ("left", &left)],
        ))?;
    }
    super::closing::print_beside(context, of)?;
    for note in &of.notes {
        print(format!("! {}", context.pick(&note.text.th, &note.text.en)))?;
    }
    let keys = of.local_defaults.join(" ");
    print(format!("{}: {keys}", context.message("cli.local_defaults")))
}

const SUMS: [&str; 5] =
    ["cli.sum_volume", "cli.sum_performance", "cli.sum_amount", "cli.sum_held", "cli.sum_payable"];

fn heading(context: &CommandContext) -> anyhow::Result<()> {
    let words = SUMS.map(|key| context.message(key));
    // What has columns is counted: Thai marks above and below a letter have none.
    let words: Vec<String> =
        words.iter().map(|word| " ".repeat(16_usize.saturating_sub(word.width())) + word).collect();
    print(format!("{:<8}{}", "", words.concat()))
}

fn line(indent: &str, code: &str, sums: &MoneySums, name: &str) -> anyhow::Result<()> {
    let cells = [sums.volume, sums.performance, sums.amount, sums.held, sums.payable];
    let cells: Vec<String> = cells.iter().map(|sum| format!("{:>16}", sum.grouped())).collect();
    print(format!("{:<8}{}  {name}", format!("{indent}{code}"), cells.concat()).trim_end())
}

fn print_beside(context: &CommandContext, of: &Comparison) -> anyhow::Result<()> {
    let (base, other) = (&of.base, &of.other);
    print(format!(
        "{}: {} {} → {} {}",
        context.message("cli.rulebooks_compared"),
        base.rulebook_file,
        &base.rulebook[..12],
        other.rulebook_file,
        &other.rulebook[..12]
    ))?;
    let amount = |code: &str, pair: &crate::money::compare::Pair, name: &str| {
        let cells = [pair.base, pair.other, pair.difference].map(Satang::grouped);
        let [base, other, difference] = cells;
        print(format!("{code:<8}{base:>16}{other:>16}{difference:>16}  {name}").trim_end())
    };
    for cup in &of.cups {
        amount(&cup.cup, &cup.money.amount, &cup.name)?;
        for unit in &cup.units {
            amount(&format!("  {}", unit.hcode), &unit.money.amount, &unit.name)?;
        }
    }
    amount(context.message("cli.total"), &of.total.amount, "")?;
    amount(context.message("cli.left"), &of.unallocated, "")
}
