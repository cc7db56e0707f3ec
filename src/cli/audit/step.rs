//! Steps of cases by hand. Whoever has this machine is the province; `--by`
//! names who decided on paper.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::NaiveDate;
use serde::Serialize;

use crate::audit::act::{StepError, StepTaker, Wanted, check_verdicts, take};
use crate::audit::case::{StepData, Verdict};
use crate::audit::letter::LetterKind;
use crate::audit::steps::{Actor, CaseStep, step};
use crate::audit::view::Archives;
use crate::cli::context::user;
use crate::cli::output::{print, print_json, shown};
use crate::cli::{CommandContext, CommandOutcome};
use crate::credentials::Role;
use crate::store::AuditTurn;

/// Who does it, and how the case has to stand.
#[derive(Debug, clap::Args)]
pub struct StepCommon {
    /// Who decided [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
    /// Only if the case still has this tag (`etag` of `audit show`)
    #[arg(long, value_name = "TAG")]
    if_match: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Options of `audit notify` and `audit supplement`.
#[derive(Debug, clap::Args)]
pub struct Notify {
    /// Cases
    #[arg(required = true)]
    ids: Vec<i64>,
    /// Why, or what the letter is about
    #[arg(long)]
    reason: String,
    /// Number of the letter
    #[arg(long)]
    letter_no: Option<String>,
    /// Day of the letter [default: today]
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Write the letters into this folder, one for each unit and tranche
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: StepCommon,
}

/// Options of `audit appeal`.
#[derive(Debug, clap::Args)]
pub struct Appeal {
    /// The case
    id: i64,
    /// What the unit says
    #[arg(long)]
    text: String,
    /// Day on which it came [default: today]
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Why it is taken after the last day
    #[arg(long, value_name = "REASON")]
    late: Option<String>,
    #[command(flatten)]
    common: StepCommon,
}

/// Options of steps that only need words.
#[derive(Debug, clap::Args)]
pub struct Say {
    /// The case
    id: i64,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    common: StepCommon,
}

/// Options of `audit note`.
#[derive(Debug, clap::Args)]
pub struct NoteArgs {
    /// The case
    id: i64,
    /// The note, at most 2,000 characters
    #[arg(long)]
    text: String,
    #[command(flatten)]
    common: StepCommon,
}

/// Options of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The case
    id: i64,
    /// Day of the visit to the unit
    #[arg(long)]
    on: NaiveDate,
    /// What was found
    #[arg(long)]
    found: String,
    /// pay, partial or withhold
    #[arg(long)]
    proposal: String,
    /// How much is to be paid, in percent
    #[arg(long)]
    percent: Option<String>,
    /// On which condition
    #[arg(long)]
    condition: Option<String>,
    /// What was said of each row: CSV with file,submission,line,verdict,note
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    #[command(flatten)]
    common: StepCommon,
}

/// Options of `audit resolve`.
#[derive(Debug, clap::Args)]
pub struct Resolve {
    /// The case
    id: i64,
    /// pay, partial or withhold
    decision: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// How much is paid, in percent
    #[arg(long)]
    percent: Option<String>,
    /// On which condition
    #[arg(long)]
    condition: Option<String>,
    #[command(flatten)]
    common: StepCommon,
}

/// Runs `notify` and `supplement`: all cases are told of, or none.
pub fn notify(
    context: &CommandContext,
    name: &str,
    args: &Notify,
) -> anyhow::Result<CommandOutcome> {
    let on = args.on.unwrap_or_else(|| context.clock.now().date_naive());
    let data = StepData { letter_no: args.letter_no.clone(), on: Some(on), ..StepData::default() };
    let done = perform(context, (name, None), &args.ids, &args.reason, data, &args.common, None)?;
    if let Some(folder) = &args.out {
        crate::crash_point("audit_letter_recorded");
        let written = super::letter::write_all(context, LetterKind::Notify, &args.ids, folder)?;
        // With --json there is one document and nothing else.
        for path in written.iter().filter(|_| !args.common.json) {
            print(shown(path))?;
        }
    }
    Ok(done)
}

/// Runs `appeal`.
pub fn appeal(context: &CommandContext, args: &Appeal) -> anyhow::Result<CommandOutcome> {
    let on = args.on.unwrap_or_else(|| context.clock.now().date_naive());
    let data = StepData { on: Some(on), late: args.late.clone(), ..StepData::default() };
    perform(context, ("appeal", None), &[args.id], &args.text, data, &args.common, None)
}

/// Runs `withdraw` and `reopen`.
pub fn say_so(context: &CommandContext, name: &str, args: &Say) -> anyhow::Result<CommandOutcome> {
    perform(
        context,
        (name, None),
        &[args.id],
        &args.reason,
        StepData::default(),
        &args.common,
        None,
    )
}

/// Runs `note`.
pub fn note(context: &CommandContext, args: &NoteArgs) -> anyhow::Result<CommandOutcome> {
    perform(
        context,
        ("note", None),
        &[args.id],
        &args.text,
        StepData::default(),
        &args.common,
        None,
    )
}

/// Runs `verify`.
pub fn verify(context: &CommandContext, args: &Verify) -> anyhow::Result<CommandOutcome> {
    let data = StepData {
        on: Some(args.on),
        found: Some(args.found.clone()),
        proposal: Some(args.proposal.clone()),
        percent: args.percent.clone(),
        condition: args.condition.clone(),
        ..StepData::default()
    };
    perform(context, ("verify", None), &[args.id], "", data, &args.common, args.verdicts.as_deref())
}

/// Runs `resolve`.
pub fn resolve(context: &CommandContext, args: &Resolve) -> anyhow::Result<CommandOutcome> {
    let data = StepData {
        percent: args.percent.clone(),
        condition: args.condition.clone(),
        ..StepData::default()
    };
    let decision = Some(args.decision.as_str());
    perform(context, ("resolve", decision), &[args.id], &args.reason, data, &args.common, None)
}

/// What was done.
#[derive(Serialize)]
struct TakenStep {
    id: i64,
    step: String,
    etag: String,
}

fn perform(
    context: &CommandContext,
    (name, decision): (&str, Option<&str>),
    ids: &[i64],
    text: &str,
    data: StepData,
    common: &StepCommon,
    verdicts: Option<&Path>,
) -> anyhow::Result<CommandOutcome> {
    context.reader_of_any_version()?;
    let Some(step) = step(name, decision) else {
        let decision = decision.unwrap_or_default();
        anyhow::bail!("{decision} is no decision: pay, partial, withhold");
    };
    let environment = context.environment()?;
    let (at, by) = (context.clock.now().to_rfc3339(), common.by.clone().unwrap_or_else(user));
    let taker = StepTaker {
        actor: Actor { role: Role::Province, own: false },
        by: &by,
        token: None,
        at: &at,
        today: context.clock.now().date_naive(),
    };
    let mut data = data;
    let mut store = context.store(&environment, &context.folders()?)?;
    if let (Some(path), [id]) = (verdicts, ids) {
        data.verdicts = read_verdicts(path)?;
        let reader = store.reader()?.context("a store that nobody can read")?;
        let facts = reader.audit_facts(*id, i64::MAX)?;
        let archives = Archives::read(&reader, &facts)?;
        let known = |line: &Verdict| {
            facts.iter().any(|fact| {
                fact.sub == line.submission
                    && fact.line == line.line
                    && (fact.file == line.file
                        || archives.file(&environment.catalog, &fact.file, fact.sub) == line.file)
            })
        };
        check_verdicts(&data.verdicts, &known)?;
    }
    let turn = store.audit_turn()?;
    let mut steps_done = Vec::new();
    for id in ids {
        let wanted =
            Wanted { text: text.to_owned(), data: data.clone(), if_match: common.if_match.clone() };
        steps_done.push(one(
            &turn,
            *id,
            step,
            wanted,
            &taker,
            environment.config.audit.appeal_days,
        )?);
    }
    turn.commit()?;
    for done in &steps_done {
        context.log_change(
            &format!("audit {name}"),
            None,
            None,
            &format!("audit case {}", done.id),
        )?;
    }
    if common.json {
        print_json(&steps_done)?;
    } else {
        for done in &steps_done {
            print(format!("{} {}: {}", done.id, context.pick(&step.th, &step.en), done.etag))?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn one(
    turn: &AuditTurn<'_>,
    id: i64,
    step: &CaseStep,
    wanted: Wanted,
    taker: &StepTaker<'_>,
    appeal_days: u32,
) -> Result<TakenStep, StepError> {
    let etag = take(turn, id, step, wanted, taker, appeal_days)?;
    Ok(TakenStep { id, step: step.full_name(), etag })
}

fn read_verdicts(path: &Path) -> anyhow::Result<Vec<Verdict>> {
    let text =
        crate::files::read_plain(path).with_context(|| format!("reading {}", path.display()))?;
    let mut reader = ::csv::ReaderBuilder::new()
        .trim(::csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut verdicts = Vec::new();
    for line in reader.deserialize() {
        let line: Verdict = line.with_context(|| {
            format!("{}: columns are file,submission,line,verdict,note", path.display())
        })?;
        // Of the rows that `audit show --csv` gives some may be left open.
        if !line.verdict.is_empty() {
            verdicts.push(line);
        }
    }
    Ok(verdicts)
}
