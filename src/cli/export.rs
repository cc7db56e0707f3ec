//! `khlang export`: what is exported on schedule, and a run by hand.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::context::CommandContext;
use super::known::unknown;
use super::output::{CommandOutcome, print, print_json};
use crate::config::Config;
use crate::export::{self, ExportContext, ExportFolder, ExportPlan, Manifest};
use crate::inbox::Folders;
use crate::kpi::Library;
use crate::overlay::{self, Overlay};
use crate::schedule::{Past, Schedule};

/// Calls of `export`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Run one now; its schedule stays as it is
    Run {
        /// Its name
        name: String,
        /// Print one JSON document: the manifest, and where it is
        #[arg(long)]
        json: bool,
    },
    /// List them with their last run and the next
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// An export that was made.
#[derive(Serialize)]
struct Run<'a> {
    path: String,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

/// An export in the list.
#[derive(Serialize)]
struct ListedExport {
    name: String,
    schedule: String,
    formats: Vec<&'static str>,
    keep: usize,
    /// The next time; in the past when it was missed.
    next: Option<DateTime<FixedOffset>>,
    runs: Vec<RunLine>,
}

/// A run that is kept.
#[derive(Serialize)]
struct RunLine {
    path: String,
    made_at: DateTime<FixedOffset>,
    due: Option<DateTime<FixedOffset>>,
    as_of_submission: i64,
    files: usize,
}

/// Runs `khlang export`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Run { name, json } => by_hand(context, name, *json),
        Args::List { json } => list(context, *json),
    }
}

/// The library and the exports of a configuration; every mistake is told.
pub(super) fn prove(
    context: &CommandContext,
    config: &Config,
) -> anyhow::Result<(Library, Vec<(ExportPlan, Schedule)>)> {
    let library = Library::load(Some(&Overlay::new(&context.data, overlay::KPI)))?;
    let (mut plans, mut mistakes) = (Vec::new(), Vec::new());
    match export::plans(&config.export, &library, &context.data) {
        Ok(found) => plans = found,
        Err(found) => mistakes = found,
    }
    let mut proven = Vec::new();
    for export in &config.export {
        match export.schedule.parse::<Schedule>() {
            Ok(schedule) if schedule.next(context.clock.now()).is_none() => {
                mistakes.push(format!("export {}: never due", export.name));
            }
            Ok(schedule) => proven.push(schedule),
            Err(what) => mistakes.push(format!("export {}: {what}", export.name)),
        }
    }
    anyhow::ensure!(mistakes.is_empty(), "configuration: {}", mistakes.join("; "));
    Ok((library, plans.into_iter().zip(proven).collect()))
}

fn by_hand(context: &CommandContext, name: &str, json: bool) -> anyhow::Result<CommandOutcome> {
    let environment = context.environment()?;
    let (library, plans) = prove(context, &environment.config)?;
    let Some((plan, _)) = plans.iter().find(|(plan, _)| plan.name == name) else {
        let known = plans.iter().map(|(plan, _)| plan.name.as_str());
        return Err(unknown("noun.export", name, known));
    };
    context.reader()?;
    let folders = context.folders()?;
    let database = folders.database();
    let place = ExportContext {
        environment: &environment,
        library: &library,
        data: &context.data,
        database: &database,
        now: context.clock.now(),
    };
    let made = export::run(&place, plan, None)?;
    let path = made.path.display().to_string();
    if json {
        print_json(&Run { path, manifest: &made.manifest })?;
        return Ok(CommandOutcome::Ok);
    }
    print(&path)?;
    for file in &made.manifest.files {
        print(format!("  {:>9} {}", file.bytes, file.name))?;
    }
    for (kpi, why) in &made.manifest.not_computable {
        let head = context.message("cli.not_computable");
        print(format!("  {head}: {kpi}: {why}"))?;
    }
    Ok(CommandOutcome::Ok)
}

fn list(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let config = context.config()?;
    let (_, plans) = prove(context, &config)?;
    let data = Folders::new(&context.data).data;
    let lines = plans.iter().map(|(plan, schedule)| {
        let runs = export::list(&data, &plan.name)?;
        let state = export::known_past(&data, &plan.name, schedule.as_str())?;
        let now = context.clock.now();
        let past = state.map_or(Past { since: now, done: None }, |state| Past {
            since: state.since,
            done: state.done,
        });
        Ok(ListedExport {
            name: plan.name.clone(),
            schedule: plan.schedule.clone(),
            formats: plan.formats.iter().map(|format| format.as_str()).collect(),
            keep: plan.keep,
            next: schedule.upcoming(past),
            runs: runs.iter().rev().map(run_line).collect(),
        })
    });
    let lines: Vec<ListedExport> = lines.collect::<anyhow::Result<_>>()?;
    if json {
        print_json(&lines)?;
        return Ok(CommandOutcome::Ok);
    }
    for line in &lines {
        let next = line.next.map_or("-".to_owned(), |next| next.to_rfc3339());
        print(format!("{} [{}] → {next}", line.name, line.schedule))?;
        for run in &line.runs {
            print(format!(
                "  {} #{} {}",
                run.made_at.to_rfc3339(),
                run.as_of_submission,
                run.path
            ))?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn run_line(made: &ExportFolder) -> RunLine {
    RunLine {
        path: made.path.display().to_string(),
        made_at: made.manifest.made_at,
        due: made.manifest.due,
        as_of_submission: made.manifest.as_of_submission,
        files: made.manifest.files.len(),
    }
}
