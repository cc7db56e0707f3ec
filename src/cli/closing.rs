//! `khlang allocate close`, `reopen`, `parts`: what of a round was paid.

use anyhow::anyhow;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use super::score::rulebook;
use crate::inbox::under_way;
use crate::money::Satang;
use crate::money::closing::close::{ClosingRefusal, may_close, name_of, paid, period};
use crate::money::closing::parts::in_force;
use crate::money::closing::parts::{ClosedLine, PartLine, parts};
use crate::money::result::{Allocation, CalculationInput, count_with};
use crate::report::Bilingual;
use crate::score::{AsOf, Rulebook};
use crate::store::{Closing, HoldAction, PartKind, PartOf};
use crate::text::message;

/// Calls of `allocate` about parts of a round.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Write down a quarter or tranche as paid: from then on it stays as it is
    Close(CloseArgs),
    /// Take a part that was closed up again; what was paid stays on record
    Reopen(ReopenArgs),
    /// List quarters and tranches, and how they were paid
    Parts {
        /// The round, B.E.
        #[arg(long)]
        round: i32,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Which part.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Number of the quarter: its volume money
    #[arg(long)]
    quarter: Option<u32>,
    /// Number of the tranche: its performance money
    #[arg(long)]
    tranche: Option<u32>,
}

impl Which {
    fn part_of(&self, round: i32) -> PartOf {
        let (kind, number) = match (self.quarter, self.tranche) {
            (Some(number), _) => (PartKind::Quarter, number),
            (None, number) => (PartKind::Tranche, number.unwrap_or_default()),
        };
        PartOf { round: i64::from(round), kind, part: number.to_string() }
    }
}

/// Options of `allocate close`.
#[derive(Debug, clap::Args)]
pub struct CloseArgs {
    /// The round, B.E.
    #[arg(long)]
    round: i32,
    #[command(flatten)]
    which: Which,
    /// Who decided
    #[arg(long, value_parser = not_blank)]
    by: String,
    /// What was paid is the state after this submission [default: the last one]
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Options of `allocate reopen`.
#[derive(Debug, clap::Args)]
pub struct ReopenArgs {
    /// The round, B.E.
    #[arg(long)]
    round: i32,
    #[command(flatten)]
    which: Which,
    /// Why
    #[arg(long, value_parser = not_blank)]
    reason: String,
    /// Who decided
    #[arg(long, value_parser = not_blank)]
    by: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn not_blank(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("it is blank".to_owned()) } else { Ok(text.to_owned()) }
}

/// Runs `khlang allocate close`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Close(args) => close(context, args),
        Args::Reopen(args) => reopen(context, args),
        Args::Parts { round, json } => {
            let book = rulebook(context, *round)?;
            let closings = context.reader()?.closings(i64::from(*round), i64::MAX)?;
            let parts = parts(&book, &closings);
            if *json {
                print_json(&parts)?;
            } else {
                parts.iter().try_for_each(|part| print_part(context, part))?;
            }
            Ok(CommandOutcome::Ok)
        }
    }
}

fn refused(context: &CommandContext, refusal: &ClosingRefusal) -> anyhow::Error {
    let words = refusal.words();
    anyhow!(pick(context, &words).to_owned())
}

fn pick<'w>(context: &CommandContext, words: &'w Bilingual) -> &'w str {
    context.pick(&words.th, &words.en)
}

fn close(context: &CommandContext, args: &CloseArgs) -> anyhow::Result<CommandOutcome> {
    let refused = |refusal: ClosingRefusal| refused(context, &refusal);
    let book = rulebook(context, args.round)?;
    let of = args.which.part_of(args.round);
    if period(&book, &of).is_none() {
        return Err(refused(ClosingRefusal::NoPart(of)));
    }
    context.reader_of_any_version()?;
    let (environment, folders) = (context.environment()?, context.folders()?);
    let units = context.payable_units(&environment.config)?;
    let mut store = context.store(&environment, &folders)?;
    // From here on nobody else writes: what is counted is what is written down.
    let turn = store.pay_turn()?;
    let reader = context.reader()?;
    let held = reader.snapshot()?;
    let as_of = AsOf::find(&reader, args.as_of)?;
    let mut loading = under_way(&folders, |id| turn.knows(id))?;
    loading.retain(|id| args.as_of.is_none_or(|as_of| *id <= as_of));
    if !loading.is_empty() {
        return Err(refused(ClosingRefusal::Loading(loading)));
    }
    let kept = context.kept(&environment.config, false);
    let basis = CalculationInput {
        reader: &reader,
        catalog: &environment.catalog,
        units: &units,
        book: &book,
        as_of,
        kept: Some(&kept),
    };
    let counted = count_with(&basis, i64::MAX)?;
    let now = context.clock.now();
    may_close(&book, &counted, &of, now.date_naive()).map_err(refused)?;
    let paid = paid(&basis, &counted, &of);
    drop(held);
    let id = turn.close(&paid, &context.clock.stamp(), &args.by)?;
    context.log_change("allocate close", None, None, &format!("closing {id} by {}", args.by))?;
    show(context, &book, &of, args.json)
}

fn reopen(context: &CommandContext, args: &ReopenArgs) -> anyhow::Result<CommandOutcome> {
    let book = rulebook(context, args.round)?;
    let of = args.which.part_of(args.round);
    let known = context.reader()?.closings(of.round, i64::MAX)?;
    if in_force(&known, &of).is_none() {
        return Err(refused(context, &ClosingRefusal::Open(of)));
    }
    let environment = context.environment()?;
    let deed =
        HoldAction { at: context.clock.stamp(), by: args.by.clone(), reason: args.reason.clone() };
    let id = context.store(&environment, &context.folders()?)?.pay_turn()?.reopen(&of, &deed)?;
    context.log_change("allocate reopen", None, None, &format!("closing {id} by {}", args.by))?;
    show(context, &book, &of, args.json)
}

/// Shows one part.
fn show(
    context: &CommandContext,
    book: &Rulebook,
    of: &PartOf,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let closings: Vec<Closing> = context.reader()?.closings(of.round, i64::MAX)?;
    let all = parts(book, &closings);
    for part in all.iter().filter(|part| part.kind == of.kind && part.part == of.part) {
        if json {
            print_json(part)?;
        } else {
            print_part(context, part)?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn print_part(context: &CommandContext, part: &PartLine) -> anyhow::Result<()> {
    let name = name_of(part.kind, &part.part);
    let state = match &part.closed {
        Some(closed) => closing(context, closed),
        None => context.message("cli.open").to_owned(),
    };
    print(format!("{}: {state}", pick(context, &name)))?;
    for before in &part.reopened {
        let (deed, day) = (&before.reopened, &before.reopened.at[..10]);
        let word = context.message("cli.taken_up_again");
        print(format!(
            "    {} — {word} {day} {}: {}",
            closing(context, &before.closed),
            deed.by,
            deed.reason
        ))?;
    }
    Ok(())
}

fn closing(context: &CommandContext, closed: &ClosedLine) -> String {
    let (day, by) = (&closed.at[..10], &closed.by);
    let (paid, pool, as_of) =
        (closed.paid.grouped(), closed.pool.grouped(), closed.as_of_submission);
    let (held, put_right) = (closed.held.grouped(), closed.corrections.grouped());
    context.message_with(
        "cli.closed",
        &[
            ("day", &day),
            ("by", &by),
            ("as_of", &as_of),
            ("pool", &pool),
            ("held", &held),
            ("put_right", &put_right),
            ("paid", &paid),
        ],
    )
}

/// What was paid of an allocation, and what is put right of it.
pub(super) fn print_beside(context: &CommandContext, of: &Allocation) -> anyhow::Result<()> {
    for part in of.parts.iter().filter(|part| part.closed.is_some()) {
        print_part(context, part)?;
    }
    if of.parts.iter().all(|part| part.closed.is_none()) {
        return Ok(());
    }
    let (paid, due) = (of.total.paid.grouped(), of.total.due.grouped());
    print(format!("{} {paid} {} {due}", context.message("cli.paid"), context.message("cli.due")))?;
    for unit in of.cups.iter().flat_map(|cup| &cup.units) {
        let open = unit.money.volume.iter().filter(|(_, money)| !money.settled.closed);
        let volume = open.flat_map(|(id, money)| {
            money.settled.corrections.iter().map(move |line| (Some(id), line))
        });
        let open = unit.money.performance.iter().filter(|(_, money)| !money.settled.closed);
        let performance = open.flat_map(|(id, money)| {
            money.settled.corrections.iter().map(move |line| (Some(id), line))
        });
        let outstanding = unit.money.outstanding.iter().map(|line| (None, line));
        for (to, line) in volume.chain(performance).chain(outstanding) {
            let from = name_of(line.kind, &line.of);
            let to = to.map_or_else(|| message("cli.no_open_part"), |to| name_of(line.kind, to));
            let held = if line.held == Satang::ZERO {
                String::new()
            } else {
                format!(" ({} {})", context.message("cli.held"), line.held.grouped())
            };
            print(format!(
                "  {} {}: {} → {} {}{held}",
                context.message("cli.correction"),
                unit.hcode,
                pick(context, &from),
                pick(context, &to),
                line.amount.grouped()
            ))?;
        }
    }
    Ok(())
}
