//! `khlang submissions`: what was received, and taking it back.

use chrono::NaiveDate;

use super::context::CommandContext;
use super::known::optional_unit;
use super::output::{CommandOutcome, Lang, print, print_json};
use crate::inbox::write_receipt;
use crate::load::receipt;
use crate::store::SubmissionFilter;

/// Calls of `submissions`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// List submissions, newest first
    List {
        /// Of this unit
        #[arg(long)]
        hcode: Option<String>,
        /// With this status
        #[arg(long, value_parser = ["accepted", "partial", "broken", "void"])]
        status: Option<String>,
        /// Received on or after this day (YYYY-MM-DD)
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Received on or before this day
        #[arg(long)]
        to: Option<NaiveDate>,
        /// Page, from 1
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        page: u64,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show one submission
    Show {
        /// Its number
        id: i64,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Take back all that a submission stored; the submission and the reason
    /// stay on record, its keys are free again
    Void {
        /// Its number
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Submissions on a page.
const PER_PAGE: u64 = 100;

/// Runs `khlang submissions`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::List { hcode, status, from, to, page, json } => {
            let filter = SubmissionFilter {
                hcode: optional_unit(context, &context.reader()?, hcode.as_deref())?,
                status: status.clone(),
                from: from.map(|day| day.to_string()),
                to: to.map(|day| day.to_string()),
                ..SubmissionFilter::default()
            };
            list(context, &filter, *page, *json)
        }
        Args::Show { id, json } => show(context, *id, *json),
        Args::Void { id, reason, json } => void(context, *id, reason, *json),
    }
}

fn list(
    context: &CommandContext,
    filter: &SubmissionFilter,
    page: u64,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let list = context.reader()?.submissions(filter, page, PER_PAGE)?;
    if json {
        print_json(&list)?;
        return Ok(CommandOutcome::Ok);
    }
    for line in &list.rows {
        let hcode = line.hcode.as_deref().unwrap_or("-");
        let problems = line.problems.join(" ");
        print(format!(
            "{:>6} {:<8} {hcode:<5} {} {} = {} + {} + {} {} {problems}",
            line.id,
            line.status,
            &line.received_at[..19],
            line.received,
            line.accepted,
            line.duplicate,
            line.rejected,
            crate::printable::line(&line.archive)
        ))?;
    }
    Ok(CommandOutcome::Ok)
}

fn show(context: &CommandContext, id: i64, json: bool) -> anyhow::Result<CommandOutcome> {
    let catalog = context.catalog(&context.config()?)?;
    let found = context.reader()?.submission(id, &catalog)?;
    let submission = found.ok_or_else(|| anyhow::anyhow!("no submission {id}"))?;
    if json {
        print_json(&submission)?;
    } else {
        print(receipt::one(&submission, context.lang == Lang::Th))?;
    }
    Ok(CommandOutcome::Ok)
}

fn void(
    context: &CommandContext,
    id: i64,
    reason: &str,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    anyhow::ensure!(!reason.trim().is_empty(), "a reason is needed");
    context.reader_of_any_version()?;
    let environment = context.environment()?;
    let folders = context.folders()?;
    let mut store = context.store(&environment, &folders)?;
    let by = std::env::var("USER").unwrap_or_else(|_| "cli".to_owned());
    let at = context.clock.now().to_rfc3339();
    let voided = store.void(id, &by, reason.trim(), &at)?;
    let submission = store.submission(id, &environment.catalog)?;
    let submission = submission.ok_or_else(|| anyhow::anyhow!("no submission {id}"))?;
    let unit = submission.hcode.as_deref();
    context.log_change("submissions void", unit, Some(id), &format!("{} rows", voided.rows))?;
    write_receipt(&|id| Ok(store.known(id)?.is_some()), &folders, &submission)?;
    if json {
        print_json(&submission)?;
    } else {
        let rows = voided.rows;
        print(context.message_with("cli.submission_is_void", &[("id", &id), ("rows", &rows)]))?;
    }
    Ok(CommandOutcome::Ok)
}
