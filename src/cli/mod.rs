//! The command line: one file per command.
//!
//! Standard output carries the answer, one JSON document and nothing else with
//! `--json`; everything said on the way goes to standard error. Exit status: 0
//! done, 1 the tool failed, 2 the input fell short.

mod allocate;
mod audit;
mod backup;
mod catalog;
mod check;
mod closing;
mod config;
mod context;
mod demo;
mod export;
mod forward;
mod hold;
mod import;
mod known;
mod kpi;
mod manual;
mod outcome;
mod output;
mod registry;
mod rep;
mod report;
mod sample;
mod score;
mod serve;
mod statement;
mod submissions;
mod token;
mod units;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, FixedOffset};
use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

pub use context::CommandContext;
pub use output::{CommandOutcome, Lang};

use crate::printable;

/// Khlang: takes the F21/F43 archives of a province, validates, stores and counts them.
#[derive(Debug, Parser)]
#[command(name = "khlang", version, propagate_version = true)]
struct Cli {
    /// Configuration file [default: config/khlang.toml when it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Fix the clock (RFC 3339), for tests and re-runs
    #[arg(long, global = true, value_name = "TIME")]
    now: Option<DateTime<FixedOffset>>,
    /// Language of what people read
    #[arg(long, global = true, value_enum, default_value = "th")]
    lang: Lang,
    /// Say more (twice: even more)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service: inbox, HTTP
    Serve,
    /// Sample archives into the inbox of a fresh data folder, then serve
    Demo(demo::Args),
    /// Write realistic synthetic archives, a list of units and a registry
    Sample(sample::Args),
    /// Validate archives without a database
    Check(outcome::Args),
    /// Load archives now, through the same pipeline as the inbox
    Import(outcome::Args),
    /// List, show or take back submissions
    #[command(subcommand)]
    Submissions(submissions::Args),
    /// The money of a round, by unit and main unit
    Allocate(allocate::Args),
    /// Find what is suspicious, and follow cases to their decision
    #[command(subcommand)]
    Audit(audit::Args),
    /// What each main unit is told about its money; what was received of it
    Statement(statement::Args),
    /// Hold money of a unit back, list holds, end one
    #[command(subcommand)]
    Hold(hold::Args),
    /// Population registry, and when submissions were sent on
    #[command(subcommand)]
    Registry(registry::Args),
    /// Points and quality of a round
    Score(score::Args),
    /// List, count and explain indicators; enter reported ones
    #[command(subcommand)]
    Kpi(kpi::Args),
    /// Write a report: KPIs, or one by layout such as kpi66
    Report(report::Args),
    /// Run an export by hand, or list them
    #[command(subcommand)]
    Export(export::Args),
    /// Send accepted rows on to NHSO or the ministry, each once
    Forward(forward::Args),
    /// What came back of the rows that were sent on: import it, show it, tell the
    /// units, free what was refused
    #[command(subcommand)]
    Rep(rep::Args),
    /// Show the list of units in force, or accept one that is held back
    #[command(subcommand)]
    Units(units::Args),
    /// Make, list and revoke the tokens that HTTP asks for
    #[command(subcommand)]
    Token(token::Args),
    /// Check the database against its own counts and the folders
    Verify(verify::Args),
    /// Write a consistent copy of the database, also while the service runs
    Backup(backup::Args),
    /// Prove a backup and put it in the place of the database
    Restore(backup::RestoreArgs),
    /// Every problem and finding with its severity, source and how to mend it
    Catalog(catalog::Args),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Args),
    /// Write manual pages into a folder
    Man(manual::ManArgs),
    /// Write the completions of a shell to standard output
    Completions(manual::CompletionArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // An argument may be a name from anywhere: it is told as it is shown.
            let shown = std::env::args_os()
                .map(|argument| printable::line(&argument.to_string_lossy()).into_owned());
            let error = Cli::try_parse_from(shown).err().unwrap_or(error);
            let _ = write!(std::io::stderr(), "{}", printable::lines(&error.to_string()));
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
        Err(help) => help.exit(),
    };
    if !matches!(cli.command, Command::Sample(_) | Command::Catalog(_)) {
        // What lies in the data folder is for the service alone unless it is
        // given to others outright, from its first byte on.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    }
    start_log(cli.verbose);
    let context = CommandContext {
        config: cli.config,
        data: cli.data,
        clock: cli.now.map_or_else(crate::clock::Clock::default, crate::clock::Clock::fixed),
        lang: cli.lang,
    };
    let done = match &cli.command {
        Command::Serve => serve::run(&context),
        Command::Demo(args) => demo::run(&context, args),
        Command::Sample(args) => sample::run(&context, args),
        Command::Check(args) => check::run(&context, args),
        Command::Import(args) => import::run(&context, args),
        Command::Submissions(args) => submissions::run(&context, args),
        Command::Allocate(args) => allocate::run(&context, args),
        Command::Audit(args) => audit::run(&context, args),
        Command::Statement(args) => statement::run(&context, args),
        Command::Hold(args) => hold::run(&context, args),
        Command::Registry(args) => registry::run(&context, args),
        Command::Score(args) => score::run(&context, args),
        Command::Kpi(args) => kpi::run(&context, args),
        Command::Report(args) => report::run(&context, args),
        Command::Export(args) => export::run(&context, args),
        Command::Forward(args) => forward::run(&context, args),
        Command::Rep(args) => rep::run(&context, args),
        Command::Units(args) => units::run(&context, args),
        Command::Token(args) => token::run(&context, args),
        Command::Verify(args) => verify::run(&context, args),
        Command::Backup(args) => backup::backup(&context, args),
        Command::Restore(args) => backup::restore_from(&context, args),
        Command::Catalog(args) => catalog::run(&context, args),
        Command::Config(args) => config::run(&context, args),
        Command::Man(args) => manual::man(Cli::command(), args),
        Command::Completions(args) => manual::completions(Cli::command(), args),
    };
    match done {
        Ok(CommandOutcome::Ok) => ExitCode::SUCCESS,
        Ok(CommandOutcome::InputIncomplete) => ExitCode::from(2),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell a failure of standard error to.
            let _ = writeln!(std::io::stderr(), "khlang: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => log::LevelFilter::Info,
        1 => log::LevelFilter::Debug,
        _ => log::LevelFilter::Trace,
    };
    env_logger::Builder::new()
        .filter_module("khlang", level)
        .format(|out, record| {
            let said = record.args().to_string();
            let (at, level) = (out.timestamp_millis(), record.level());
            writeln!(out, "[{at} {level:<5} {}] {}", record.target(), printable::line(&said))
        })
        .init();
}

/// An error on one line; a mistake in a file of the configuration shows the
/// lines of the file.
fn one_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    if error.downcast_ref::<crate::config::ConfigError>().is_some() {
        printable::lines(&text).into_owned()
    } else {
        printable::line(&text).into_owned()
    }
}

/// A reader that has seen enough (`khlang … | head`) is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
