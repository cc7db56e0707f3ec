//! `khlang audit run`.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;

use crate::audit::nightly::share_of;
use crate::audit::plan::Change;
use crate::audit::run::{
    CasePlace, FoundByRules, Planned, RunBy, RunOutcome, RunScope, RunTerms, find, plan, write,
};
use crate::audit::view::{held_of, item_money};
use crate::audit::{AuditInput, Case, CaseSeverity, NotApplicable, RuleLibrary, RuleRunner};
use crate::cli::context::user;
use crate::cli::known::{rule_id, unit_or_sender};
use crate::cli::output::{print, print_json};
use crate::cli::{CommandContext, CommandOutcome};
use crate::config::AuditHolding;
use crate::environment::Environment;
use crate::money::Satang;
use crate::money::result::{Allocation, CalculationInput, count};
use crate::overlay::{self, Overlay};
use crate::score::{AsOf, Rulebook};
use crate::store::{AuditFact, Reader};
use crate::text::{message_with, text};

/// Options of `audit run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The round, B.E.
    #[arg(long)]
    round: i32,
    /// One tranche only
    #[arg(long)]
    tranche: Option<u32>,
    /// One unit only (it is compared with all the same)
    #[arg(long, value_name = "HCODE")]
    unit: Option<String>,
    /// One rule only
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Look at the state after this submission
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Say what would be opened and held, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Count all anew, without what is kept of earlier counts
    #[arg(long)]
    fresh: bool,
    /// End with status 2 when cases of this severity are opened
    #[arg(long, value_enum)]
    fail_on: Option<FailOnCase>,
    /// Who runs it [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What falls short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOnCase {
    /// A case that holds money.
    Hold,
    /// Any case.
    Warn,
}

/// What was looked at.
#[derive(Serialize)]
struct Checked {
    units: usize,
    rules: usize,
}

/// A case that would be opened.
#[derive(Serialize)]
struct WouldOpen {
    rule: String,
    tranche: String,
    unit: String,
    item: String,
    severity: CaseSeverity,
    numerator: u64,
    denominator: u64,
    /// The case that would hold money from now on; none for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    raises: Option<i64>,
    /// What would be held; none for a warning.
    held: Option<Satang>,
}

/// The answer.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    done: RunOutcome,
    round: i32,
    as_of_submission: i64,
    dry_run: bool,
    rules: BTreeMap<String, String>,
    checked: Checked,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_open: Vec<WouldOpen>,
    not_applicable: Vec<NotApplicable>,
    local_defaults: Vec<String>,
}

/// Runs it.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    context.reader()?;
    let environment = context.environment()?;
    let book = crate::cli::score::rulebook(context, args.round)?;
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    if let Some(number) = args.tranche {
        let known = book.tranches.iter().any(|tranche| tranche.number == number);
        let values: [(&str, &dyn Display); 2] = [("round", &book.round), ("tranche", &number)];
        anyhow::ensure!(known, message_with("audit.no_tranche", &values).both());
    }
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let scope = RunScope {
        tranche: args.tranche,
        unit: args
            .unit
            .as_deref()
            .map(|unit| unit_or_sender(&reader, &environment.units, unit))
            .transpose()?,
        rule: args.rule.as_deref().map(|id| rule_id(&library, id)).transpose()?,
    };
    let as_of = AsOf::find(&reader, args.as_of)?;
    if as_of.submission < AsOf::find(&reader, None)?.submission && !args.dry_run {
        // By a past state a case of today would be cleared that is none of it.
        anyhow::bail!(text("audit.past_state_writes_nothing").both());
    }
    let kept = context.kept(&environment.config, args.fresh);
    let basis = AuditInput {
        environment: &environment,
        reader: &reader,
        book: &book,
        library: &library,
        as_of: &as_of,
        kept: Some(&kept),
    };
    let mut session = RuleRunner::new(basis)?;
    let found = find(&mut session, &scope)?;
    let (done, would_open) = if args.dry_run {
        let cases = cases(&reader, args.round)?;
        let planned = plan(&session, &found, &scope, &cases);
        session.allow()?;
        let allocation = allocation(&environment, &reader, &book, &as_of);
        (
            RunOutcome::default(),
            would_open(&environment, &session, &found, planned, allocation.as_ref())?,
        )
    } else {
        (written(context, args, &session, &found, &scope)?, Vec::new())
    };
    tell(context, args, (&session, &found), (done, would_open))
}

/// Cases of a round with their rows.
fn cases(reader: &Reader, round: i32) -> anyhow::Result<Vec<(Case, Vec<AuditFact>)>> {
    let mut cases = Vec::new();
    for opened in reader.audit_cases(Some(i64::from(round)), i64::MAX)? {
        let facts = reader.audit_facts(opened.id, i64::MAX)?;
        cases.push((Case::read(reader, opened, i64::MAX)?, facts));
    }
    Ok(cases)
}

/// What was earned, when it can be counted at all.
pub(super) fn allocation(
    environment: &Environment,
    reader: &Reader,
    book: &Rulebook,
    as_of: &AsOf,
) -> Option<Allocation> {
    if !environment.units.cups_unknown().is_empty() {
        return None;
    }
    let basis = CalculationInput {
        reader,
        catalog: &environment.catalog,
        units: &environment.units,
        book,
        as_of: as_of.clone(),
        kept: None,
    };
    match count(&basis) {
        Ok(counted) => Some(counted.allocation),
        Err(error) => {
            log::warn!("no money is shown beside cases: {error}");
            None
        }
    }
}

fn would_open(
    environment: &Environment,
    session: &RuleRunner<'_>,
    found: &FoundByRules,
    planned: Vec<Planned>,
    allocation: Option<&Allocation>,
) -> anyhow::Result<Vec<WouldOpen>> {
    let mut lines = Vec::new();
    for Planned { place, change } in planned {
        let (severity, rows, raises) = match change {
            Change::Open { severity, standing, .. } => (severity, standing, None),
            Change::Evidence { case, standing, raised: true, .. } => {
                (CaseSeverity::Hold, standing, Some(case))
            }
            Change::Evidence { .. } | Change::Cleared { .. } => continue,
        };
        let (rule, tranche, unit) = place.clone();
        let Some(finding) = found.findings.get(&place) else { continue };
        let item =
            session.basis.library.get(&rule).map_or_else(String::new, |rule| rule.item.clone());
        let numerator = if rows.is_empty() { finding.numerator } else { rows.len() as u64 };
        let amounts = allocation
            .and_then(|all| item_money(all, session.basis.book, (&unit, &tranche, &item)));
        let share = match environment.config.audit.hold {
            AuditHolding::File => crate::money::holds::WHOLE,
            AuditHolding::Rows => {
                let facts: Vec<AuditFact> = rows.iter().map(|key| key.fact(0)).collect();
                share_of(session, &place, &facts, (numerator, finding.denominator))?
            }
        };
        let held = amounts
            .filter(|_| severity == CaseSeverity::Hold)
            .map(|amounts| held_of(&amounts, share));
        let denominator = finding.denominator;
        lines.push(WouldOpen {
            rule,
            tranche,
            unit,
            item,
            severity,
            numerator,
            denominator,
            raises,
            held,
        });
    }
    Ok(lines)
}

fn written(
    context: &CommandContext,
    args: &Args,
    session: &RuleRunner<'_>,
    found: &FoundByRules,
    scope: &RunScope,
) -> anyhow::Result<RunOutcome> {
    let environment = session.basis.environment;
    let by = args.by.clone().unwrap_or_else(user);
    let at = context.clock.now().to_rfc3339();
    let terms = RunTerms {
        most_rows: environment.config.limits.audit_rows,
        holding: environment.config.audit.hold,
    };
    let mut store = context.store(environment, &context.folders()?)?;
    let turn = store.audit_turn()?;
    let mut of_rows = |place: &CasePlace, facts: &[AuditFact]| {
        let finding = found.findings.get(place);
        let counted = finding.map_or((1, 1), |finding| (facts.len() as u64, finding.denominator));
        share_of(session, place, facts, counted)
    };
    let done =
        write(&turn, session, found, scope, terms, RunBy { at: &at, by: &by }, &mut of_rows)?;
    turn.commit()?;
    let (opened, run) = (done.opened.len(), done.run.unwrap_or(0));
    context.log_change(
        "audit run",
        scope.unit.as_deref(),
        None,
        &format!("run {run}, {opened} cases opened"),
    )?;
    Ok(done)
}

fn tell(
    context: &CommandContext,
    args: &Args,
    (session, found): (&RuleRunner<'_>, &FoundByRules),
    (done, would_open): (RunOutcome, Vec<WouldOpen>),
) -> anyhow::Result<CommandOutcome> {
    let AuditInput { environment, library, book, as_of, .. } = session.basis;
    let ran: Vec<_> = library
        .rules
        .values()
        .filter(|rule| found.ran.iter().any(|(id, _)| *id == rule.id))
        .collect();
    let short = match args.fail_on {
        None => false,
        Some(fail_on) => {
            let counts = |severity: CaseSeverity| {
                fail_on == FailOnCase::Warn || severity == CaseSeverity::Hold
            };
            let mut opened = would_open.iter().map(|line| line.severity).any(counts);
            opened |= done.added.iter().any(|added| added.raised);
            for id in &done.opened {
                let case = reader_case(context, *id)?;
                opened |= case.is_some_and(counts);
            }
            opened
        }
    };
    let locals = ran
        .iter()
        .flat_map(|rule| rule.local_defaults.iter().map(|key| format!("{}.{key}", rule.id)));
    let report = Report {
        done,
        round: book.round,
        as_of_submission: as_of.submission,
        dry_run: args.dry_run,
        rules: ran.iter().map(|rule| (rule.id.clone(), rule.version.clone())).collect(),
        checked: Checked { units: environment.units.by_code.len(), rules: ran.len() },
        would_open,
        not_applicable: found.not_applicable.clone(),
        local_defaults: locals.collect(),
    };
    if args.json {
        print_json(&report)?;
    } else {
        words(context, &report)?;
    }
    Ok(if short { CommandOutcome::InputIncomplete } else { CommandOutcome::Ok })
}

/// How bad a case is that was opened just now.
fn reader_case(context: &CommandContext, id: i64) -> anyhow::Result<Option<CaseSeverity>> {
    let case = context.reader()?.audit_case(id)?;
    Ok(case.and_then(|case| CaseSeverity::parse(&case.severity)))
}

fn words(context: &CommandContext, report: &Report) -> anyhow::Result<()> {
    let (round, as_of) = (report.round, report.as_of_submission);
    let (units, rules) = (report.checked.units, report.checked.rules);
    let values: [(&str, &dyn Display); 4] =
        [("round", &round), ("as_of", &as_of), ("rules", &rules), ("units", &units)];
    print(context.message_with("audit.of_round", &values))?;
    for line in &report.would_open {
        let held = line.held.map_or(String::new(), |held| {
            format!("  {} {}", context.message("audit.held"), held.grouped())
        });
        let raises = line
            .raises
            .map_or(String::new(), |case| format!("  {} {case}", context.message("audit.of_case")));
        let (rule, tranche, unit, severity) =
            (&line.rule, &line.tranche, &line.unit, line.severity.as_str());
        print(format!(
            "  {unit} {tranche} {rule:<20} {severity} {}/{}{held}{raises}",
            line.numerator, line.denominator
        ))?;
    }
    if report.dry_run {
        return print(context.message("audit.dry_run"));
    }
    let done = &report.done;
    let list = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let added: Vec<i64> = done.added.iter().map(|added| added.case).collect();
    print(format!("{}: {}", context.message("audit.opened"), list(&done.opened)))?;
    print(format!("{}: {}", context.message("audit.more_found"), list(&added)))?;
    print(format!("{}: {}", context.message("audit.nothing_left_of"), list(&done.cleared)))
}
