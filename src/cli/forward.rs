//! `khlang forward`: sends accepted rows on to NHSO and the ministry, and keeps
//! the record of it.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::context::{CommandContext, user};
use super::known::unknown;
use super::output::{CommandOutcome, print, print_json};
use crate::config::Config;
use crate::environment::Environment;
use crate::forward::{
    self, Asked, Destination, ForwardContext, ForwardOutcome, ForwardStatus, StatusContext,
    WaitingFile, WhyWaiting,
};
use crate::printable::line;
use crate::schedule::Schedule;
use crate::score::Rulebooks;
use crate::store::{ForwardArchive, ForwardBatch, Reader, Store};
use crate::text::{message_with, text};

/// `khlang forward`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    call: Option<Call>,
    /// Destination; all of them without one
    name: Option<String>,
    /// Only say what would be sent
    #[arg(long)]
    dry_run: bool,
    /// Who sends it [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What is done besides sending.
#[derive(Debug, clap::Subcommand)]
enum Call {
    /// List the folders that were made
    List {
        /// Of this destination
        name: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// What waits, and which rows lose points by waiting
    Status {
        /// Of this destination
        name: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Say that a batch was uploaded
    Sent {
        /// Number of the batch
        batch: i64,
        /// When [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<FixedOffset>>,
        /// The file that came back; its name and hash are kept
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
        /// Who uploaded it [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Write the archives of a batch again, because the upload was lost
    Again {
        /// Number of the batch
        batch: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who asks for it [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Put on record that what is waiting was sent by other means
    Adopt {
        /// Destination
        name: String,
        /// Up to this submission
        #[arg(long, value_name = "SUBMISSION")]
        until: i64,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// What `forward adopt` answers.
#[derive(Serialize)]
struct Adopted<'a> {
    destination: &'a str,
    submissions: u64,
}

/// A batch with what is in it.
#[derive(Serialize)]
struct BatchLine {
    #[serde(flatten)]
    batch: ForwardBatch,
    contents: Vec<ForwardArchive>,
}

/// The destinations of a configuration; every mistake is told.
pub(super) fn prove(context: &CommandContext, config: &Config) -> anyhow::Result<Vec<Destination>> {
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    match forward::destinations(&config.forward) {
        Ok(proven) => found = proven,
        Err(told) => mistakes = told,
    }
    for to in &config.forward {
        match to.schedule.as_deref().map(str::parse::<Schedule>) {
            Some(Ok(schedule)) if schedule.next(context.clock.now()).is_none() => {
                mistakes.push(format!("forward {}: never due", to.name));
            }
            Some(Err(what)) => mistakes.push(format!("forward {}: {what}", to.name)),
            _ => {}
        }
    }
    anyhow::ensure!(mistakes.is_empty(), "configuration: {}", mistakes.join("; "));
    Ok(found)
}

/// Runs `khlang forward`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match &args.call {
        None => send(context, args),
        Some(Call::List { name, json }) => list(context, name.as_deref(), *json),
        Some(Call::Status { name, json }) => status(context, name.as_deref(), *json),
        Some(Call::Sent { batch, at, receipt, by, json }) => {
            let reader = context.reader()?;
            let of = batch_of(&reader, *batch)?;
            let command = ForwardCommand::new(context, by.as_deref())?;
            let at = at.unwrap_or(context.clock.now());
            command.run(context, |place| forward::confirm(place, &of, at, receipt.as_deref()))?;
            context.log_change("forward sent", None, None, &format!("batch {batch}"))?;
            one(context, *batch, *json)
        }
        Some(Call::Again { batch, reason, by, json }) => {
            let reader = context.reader()?;
            let of = batch_of(&reader, *batch)?;
            anyhow::ensure!(!reason.trim().is_empty(), "{}", text("cli.forward_no_reason").both());
            let command = ForwardCommand::new(context, by.as_deref())?;
            let made = command.run(context, |place| forward::again(place, &of, reason.trim()))?;
            let detail = format!("batch {batch} as {}", made.batch);
            context.log_change("forward again", None, None, &detail)?;
            one(context, made.batch, *json)
        }
        Some(Call::Adopt { name, until, json }) => {
            context.reader()?;
            let to = destinations(context, Some(name))?.remove(0);
            let command = ForwardCommand::new(context, None)?;
            let submissions = command.run(context, |place| forward::adopt(place, &to, *until))?;
            let detail = format!("{name}: {submissions} submissions up to {until}");
            context.log_change("forward adopt", None, None, &detail)?;
            let adopted = Adopted { destination: name, submissions };
            if *json {
                print_json(&adopted)?;
            } else {
                print(format!("{name}: {submissions} {}", context.message("cli.forward_adopted")))?;
            }
            Ok(CommandOutcome::Ok)
        }
    }
}

/// Everything that a change needs.
struct ForwardCommand {
    environment: Environment,
    by: String,
}

impl ForwardCommand {
    fn new(context: &CommandContext, by: Option<&str>) -> anyhow::Result<Self> {
        let by = by.map_or_else(user, |by| by.trim().to_owned());
        anyhow::ensure!(!by.is_empty(), "{}", text("cli.forward_no_by").both());
        Ok(Self { environment: context.environment()?, by })
    }

    fn run<T>(
        &self,
        context: &CommandContext,
        act: impl FnOnce(&ForwardContext<'_>) -> forward::Result<T>,
    ) -> anyhow::Result<T> {
        let folders = context.folders()?;
        let database = folders.database();
        let store = || -> forward::Result<Store> {
            let opened = context.store(&self.environment, &folders);
            opened.map_err(|error| forward::ForwardError::Refused(format!("{error:#}")))
        };
        let place = ForwardContext {
            environment: &self.environment,
            data: &context.data,
            database: &database,
            now: context.clock.now(),
            by: &self.by,
            store: &store,
        };
        Ok(act(&place)?)
    }
}

fn destinations(context: &CommandContext, name: Option<&str>) -> anyhow::Result<Vec<Destination>> {
    let all = prove(context, &context.config()?)?;
    let Some(name) = name else { return Ok(all) };
    match all.iter().find(|to| to.name == name) {
        Some(to) => Ok(vec![to.clone()]),
        None => {
            let known = all.iter().map(|to| to.name.as_str());
            Err(unknown("noun.destination", &line(name), known))
        }
    }
}

fn batch_of(reader: &Reader, id: i64) -> anyhow::Result<ForwardBatch> {
    let batch = reader.forward_batch(id)?;
    batch.with_context(|| message_with("cli.forward_no_batch", &[("id", &id)]).both())
}

fn send(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    context.reader()?;
    let to = destinations(context, args.name.as_deref())?;
    anyhow::ensure!(!to.is_empty(), "{}", text("cli.forward_no_destination").both());
    let command = ForwardCommand::new(context, args.by.as_deref())?;
    let asked = if args.dry_run { Asked::DryRun } else { Asked::ByHand };
    let (mut outcomes, mut troubles) = (Vec::new(), Vec::new());
    for to in &to {
        // One destination does not wait for another one.
        match command.run(context, |place| forward::run(place, to, asked)) {
            Ok(outcome) => {
                let trouble = outcome.trouble.as_ref();
                troubles.extend(trouble.map(|why| format!("{}: {why}", to.name)));
                outcomes.push(outcome);
            }
            Err(error) => troubles.push(format!("{}: {error:#}", to.name)),
        }
    }
    for batch in outcomes.iter().flat_map(|outcome| &outcome.batches) {
        context.log_change("forward", None, None, &batch.folder)?;
    }
    if args.json {
        print_json(&outcomes)?;
    } else {
        outcomes.iter().try_for_each(|outcome| tell(context, outcome))?;
    }
    anyhow::ensure!(troubles.is_empty(), "{}", troubles.join("; "));
    let failed = outcomes.iter().map(|outcome| outcome.failed.len()).sum::<usize>();
    anyhow::ensure!(failed == 0, "{failed} {}", context.message("cli.forward_failed"));
    Ok(CommandOutcome::Ok)
}

fn tell(context: &CommandContext, outcome: &ForwardOutcome) -> anyhow::Result<()> {
    let to = &outcome.destination;
    if outcome.batches.is_empty() && outcome.would.is_empty() {
        print(format!("{to}: {}", context.message("cli.forward_nothing")))?;
    }
    for batch in &outcome.batches {
        let path = context.data.join(&batch.folder).display().to_string();
        print(format!("{to} #{}: {path}", batch.batch))?;
        tell_archives(&batch.archives)?;
    }
    if !outcome.would.is_empty() {
        print(format!("{to}: {}", context.message("cli.forward_would")))?;
        tell_archives(&outcome.would)?;
    }
    for waiting in &outcome.waiting {
        print(format!(
            "  {} {} #{}: {} {} {}",
            context.message("cli.forward_waits"),
            waiting.hcode,
            waiting.submission,
            waiting.file,
            waiting.rows,
            context.message_with("cli.forward_until", &[("file", &waiting.needs)]),
        ))?;
    }
    for failed in &outcome.failed {
        print(format!(
            "  {} {} #{} {}: {}",
            context.message("cli.forward_unreadable"),
            failed.hcode,
            failed.submission,
            line(&failed.archive),
            line(&failed.why)
        ))?;
    }
    Ok(())
}

fn tell_archives(archives: &[ForwardArchive]) -> anyhow::Result<()> {
    archives.iter().try_for_each(|archive| print(format!("  {:>9} {}", archive.rows, archive.name)))
}

fn list(
    context: &CommandContext,
    name: Option<&str>,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    // Also of a destination that is no longer configured.
    let known = reader.forward_batches(None)?;
    let there = name.is_some_and(|name| known.iter().any(|batch| batch.destination == name));
    if name.is_some() && !there {
        destinations(context, name)?;
    }
    let batches = reader.forward_batches(name)?;
    if json {
        print_json(&batches)?;
        return Ok(CommandOutcome::Ok);
    }
    for batch in &batches {
        let sent = batch.sent_at.as_deref().unwrap_or("-");
        let again = batch.again_of.map_or(String::new(), |of| format!(" = #{of}"));
        print(format!(
            "#{}{again} {} {} {} {} → {sent} {}",
            batch.batch, batch.destination, batch.made_at, batch.archives, batch.rows, batch.folder
        ))?;
    }
    Ok(CommandOutcome::Ok)
}

fn one(context: &CommandContext, batch: i64, json: bool) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let batch = batch_of(&reader, batch)?;
    if json {
        let contents = reader.forward_archives(batch.batch)?;
        print_json(&BatchLine { batch, contents })?;
    } else {
        let sent = batch.sent_at.as_deref().unwrap_or("-");
        print(format!("{} #{}: {} → {sent}", batch.destination, batch.batch, batch.folder))?;
    }
    Ok(CommandOutcome::Ok)
}

/// Rows that wait, as a line: since when, whose, of which file, how many, why.
fn waiting_line(context: &CommandContext, of: &WaitingFile) -> String {
    let needs = of.needs.as_deref().unwrap_or_default();
    let key = match of.why {
        WhyWaiting::Next => "cli.forward_why_next",
        WhyWaiting::Partner => "cli.forward_why_partner",
        WhyWaiting::Form => "cli.forward_why_form",
        WhyWaiting::Year => "cli.forward_why_year",
        WhyWaiting::Original => "cli.forward_why_original",
        WhyWaiting::HeldUp => "cli.forward_why_held_up",
    };
    format!(
        "  {} {} {}: {} {}, {}",
        of.since,
        of.hcode,
        of.file,
        of.rows,
        context.message("cli.forward_rows"),
        context.message_with(key, &[("file", &needs)])
    )
}

fn status(
    context: &CommandContext,
    name: Option<&str>,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let to = destinations(context, name)?;
    let (environment, books) = (context.environment()?, Rulebooks::open(&context.data));
    let place = StatusContext {
        environment: &environment,
        data: &context.data,
        reader: &reader,
        books: &books,
        now: context.clock.now(),
    };
    let all: Vec<ForwardStatus> =
        to.iter().map(|to| forward::status(&place, to)).collect::<Result<_, _>>()?;
    if json {
        print_json(&all)?;
        return Ok(CommandOutcome::Ok);
    }
    for of in &all {
        let oldest = of.oldest.as_deref().unwrap_or("-");
        print(format!(
            "{}: {} {}, {} {} ({oldest})",
            of.destination,
            of.submissions,
            context.message("cli.forward_submissions"),
            of.rows,
            context.message("cli.forward_rows")
        ))?;
        if let Some(why) = &of.not_begun {
            print(format!("  {}", context.pick(&why.th, &why.en)))?;
        }
        of.waiting.iter().try_for_each(|waiting| print(waiting_line(context, waiting)))?;
        for clock in &of.clock {
            print(format!(
                "  {} {} {}: {} {}, {} → {}",
                context.message_with("cli.forward_by", &[("day", &clock.by)]),
                clock.hcode,
                clock.item,
                clock.rows,
                context.message("cli.forward_rows"),
                clock.points,
                clock.points_after
            ))?;
        }
        for batch in &of.unconfirmed {
            print(format!("  #{batch} {}", context.message("cli.forward_unconfirmed")))?;
        }
        for void in &of.taken_back {
            print(format!(
                "  #{} {} {}: {}",
                void.submission,
                line(&void.archive),
                context.message("cli.forward_taken_back"),
                void.sent_in
            ))?;
        }
    }
    Ok(CommandOutcome::Ok)
}
