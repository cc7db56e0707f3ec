//! `khlang audit list` and `audit show`.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::find::allocation;
use crate::audit::steps::{Actor, CaseState};
use crate::audit::view::{CaseLine, MoneyOf, ShownCase};
use crate::audit::whole::{MoneyBasis, WholeCase, plain};
use crate::audit::{Case, CaseSeverity, RuleLibrary};
use crate::cli::known::{optional_unit, rule_id};
use crate::cli::output::{print, print_json, shown};
use crate::cli::{CommandContext, CommandOutcome};
use crate::credentials::Role;
use crate::environment::Environment;
use crate::overlay::{self, Overlay};
use crate::printable::line as printed;
use crate::report::csv;
use crate::score::AsOf;
use crate::score::rulebook::Rulebooks;
use crate::store::Reader;
use crate::text::message_with;

/// Options of `audit list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of this round (B.E.)
    #[arg(long)]
    round: Option<i32>,
    /// Of this tranche
    #[arg(long)]
    tranche: Option<String>,
    /// Of this unit
    #[arg(long, value_name = "HCODE")]
    unit: Option<String>,
    /// Of this main unit and its units
    #[arg(long, value_name = "HCODE")]
    cup: Option<String>,
    /// Of this rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// In this state (selected, notified, appealed, verified, resolved)
    #[arg(long)]
    state: Option<String>,
    /// Of this severity (hold, warn)
    #[arg(long)]
    severity: Option<String>,
    /// Only those whose last day to appeal is over, and that are not decided
    #[arg(long)]
    overdue: bool,
    /// As they were until the submission after this one came
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV
    #[arg(long)]
    csv: bool,
}

/// Options of `audit show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Its number
    id: i64,
    /// How many rows are shown: a number, or all
    #[arg(long, default_value = "50")]
    rows: String,
    /// Write all rows into this CSV file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// As it was until the submission after this one came
    #[arg(long, value_name = "SUBMISSION")]
    as_of: Option<i64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs `list`.
pub fn list(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let units = context.units(&context.config()?)?;
    let unit = optional_unit(context, &reader, args.unit.as_deref())?;
    let cup = optional_unit(context, &reader, args.cup.as_deref())?;
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    let rule = args.rule.as_deref().map(|id| rule_id(&library, id)).transpose()?;
    let state = args.state.as_deref().map(|name| {
        CaseState::parse(name).ok_or_else(|| {
            anyhow::anyhow!(
                "{name} is no state: {}",
                CaseState::ALL.map(CaseState::as_str).join(", ")
            )
        })
    });
    let state = state.transpose()?;
    let severity = args.severity.as_deref().map(|name| {
        CaseSeverity::parse(name)
            .ok_or_else(|| anyhow::anyhow!("{name} is no severity: hold, warn"))
    });
    let severity = severity.transpose()?;
    let today = context.clock.now().date_naive();
    let as_of = args.as_of.unwrap_or(i64::MAX);
    let mut lines = Vec::new();
    for opened in reader.audit_cases(args.round.map(i64::from), as_of)? {
        let line = CaseLine::new(&Case::read(&reader, opened, as_of)?, &units);
        let late = line.is_overdue(today);
        let wanted = args.tranche.as_ref().is_none_or(|tranche| *tranche == line.tranche)
            && unit.as_ref().is_none_or(|unit| *unit == line.unit.hcode)
            && cup.as_ref().is_none_or(|cup| *cup == line.unit.cup)
            && rule.as_ref().is_none_or(|rule| *rule == line.rule.id)
            && state.is_none_or(|state| state == line.state)
            && severity.is_none_or(|severity| severity == line.severity)
            && (!args.overdue || late);
        if wanted {
            lines.push(line);
        }
    }
    if args.json {
        print_json(&lines)?;
    } else if args.csv {
        let header = [
            "id",
            "round",
            "tranche",
            "hcode",
            "name",
            "cup",
            "rule",
            "item",
            "severity",
            "state",
            "appeal_by",
            "numerator",
            "denominator",
            "percent",
            "held_percent",
            "follows",
        ];
        let bytes = csv::table(&header, lines.iter().map(cells));
        print(String::from_utf8_lossy(&bytes).trim_end())?;
    } else {
        for line in &lines {
            print(text(context, line))?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn cells(line: &CaseLine) -> Vec<Cow<'_, str>> {
    let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    vec![
        line.id.to_string().into(),
        line.round.to_string().into(),
        Cow::from(line.tranche.as_str()),
        Cow::from(line.unit.hcode.as_str()),
        Cow::from(line.unit.name.as_str()),
        Cow::from(line.unit.cup.as_str()),
        Cow::from(line.rule.id.as_str()),
        Cow::from(line.item.as_str()),
        line.severity.as_str().into(),
        line.state.as_str().into(),
        day(line.appeal_by).into(),
        line.numerator.to_string().into(),
        line.denominator.to_string().into(),
        line.percent.clone().unwrap_or_default().into(),
        line.share.clone().unwrap_or_default().into(),
        number(line.follows).into(),
    ]
}

fn text(context: &CommandContext, line: &CaseLine) -> String {
    let name = context.pick(&line.rule.th, &line.rule.en);
    let state = context.pick(&line.state_text.th, &line.state_text.en);
    let percent = line.percent.as_ref().map_or(String::new(), |percent| format!(" = {percent}%"));
    let by = line
        .appeal_by
        .map_or(String::new(), |day| format!(", {} {day}", context.message("audit.appeal_by")));
    let held = line.share.as_ref().map_or(String::new(), |share| {
        let word = if line.is_final {
            context.message("audit.not_paid")
        } else {
            context.message("audit.held")
        };
        format!(", {word} {share}%")
    });
    let cleared = if line.cleared { context.message("audit.and_nothing_left") } else { "" };
    format!(
        "{:>4} {} {} {} {:<20} {}/{}{percent}: {name} — {state}{by}{held}{cleared}",
        line.id,
        line.round,
        line.tranche,
        line.unit.hcode,
        line.rule.id,
        line.numerator,
        line.denominator
    )
}

/// Runs `show`.
pub fn show(context: &CommandContext, args: &ShowArgs) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let _held = reader.snapshot()?;
    let environment = context.environment()?;
    let as_of = args.as_of.unwrap_or(i64::MAX);
    let most = match args.rows.as_str() {
        "all" => usize::MAX,
        number => number.parse().map_err(|_| anyhow::anyhow!("--rows is a number, or all"))?,
    };
    let (mut whole, kept) = whole(context, &environment, &reader, args.id, as_of)?;
    let rows = kept.rows(&reader, &environment.catalog)?;
    if let Some(path) = &args.csv {
        crate::files::write_whole(path, &kept.rows_csv(&rows))?;
        log::info!("{}", shown(path));
    }
    whole.rows_cut = whole.rows_total > rows.len().min(most) as u64;
    whole.rows = rows.into_iter().take(most).collect();
    if args.json {
        print_json(&whole)?;
    } else {
        page(context, &whole)?;
    }
    Ok(CommandOutcome::Ok)
}

/// A case with its money and all rows that are kept.
pub(super) fn whole(
    context: &CommandContext,
    environment: &Environment,
    reader: &Reader,
    id: i64,
    as_of: i64,
) -> anyhow::Result<(ShownCase, WholeCase)> {
    let none = || anyhow::anyhow!(message_with("audit.no_case", &[("case", &id)]).both());
    let whole = WholeCase::read(reader, id, as_of)?.ok_or_else(none)?;
    let province = Actor { role: Role::Province, own: false };
    let money = money(context, environment, reader, &whole)?;
    let today = context.clock.now().date_naive();
    Ok((whole.shown(&environment.units, province, today, money), whole))
}

fn money(
    context: &CommandContext,
    environment: &Environment,
    reader: &Reader,
    whole: &WholeCase,
) -> anyhow::Result<Option<MoneyOf>> {
    if whole.case.severity() != CaseSeverity::Hold {
        return Ok(None);
    }
    let round = i32::try_from(whole.case.opened.round)?;
    let Ok(book) = Rulebooks::open(&context.data).rulebook(round) else { return Ok(None) };
    let now = AsOf::find(reader, None)?;
    let Some(allocation) = allocation(environment, reader, &book, &now) else { return Ok(None) };
    let basis = MoneyBasis {
        suggests: true,
        reader,
        catalog: &environment.catalog,
        units: &environment.units,
        book: &book,
        allocation: &allocation,
    };
    Ok(whole.money(&basis)?)
}

fn page(context: &CommandContext, whole: &ShownCase) -> anyhow::Result<()> {
    print(text(context, &whole.line))?;
    let rule = &whole.line.rule;
    print(context.pick(&rule.says.th, &rule.says.en))?;
    print(format!("{}: {}", context.message("audit.source"), rule.source))?;
    if !rule.local_defaults.is_empty() {
        print(format!(
            "{}: {}",
            context.message("audit.local_defaults"),
            rule.local_defaults.join(", ")
        ))?;
    }
    if let Some(money) = &whole.money {
        let suggested = money.suggested_percent.as_ref().map_or(String::new(), |percent| {
            context.message_with("audit.not_suspicious", &[("percent", percent)])
        });
        let (item, held) = (money.item.grouped(), money.held.grouped());
        let values: [(&str, &dyn Display); 4] = [
            ("item", &whole.line.item),
            ("money", &item),
            ("held", &held),
            ("suggested", &suggested),
        ];
        print(context.message_with("audit.money_of", &values))?;
    }
    for event in &whole.events {
        let more = [
            &event.data.letter_no,
            &event.data.decision,
            &event.data.proposal,
            &event.data.percent,
            &event.data.condition,
        ];
        let more: Vec<&str> = more.into_iter().flatten().map(String::as_str).collect();
        print(
            format!(
                "  {} {:<10} {}: {} {}",
                event.at.get(..10).unwrap_or_default(),
                event.step,
                printed(&event.by),
                printed(&event.text),
                printed(&more.join(" "))
            )
            .trim_end(),
        )?;
    }
    for row in &whole.rows {
        let values: Vec<String> = row
            .shown
            .iter()
            .map(|(name, value)| {
                let caption = whole
                    .captions
                    .get(name)
                    .map_or(name.as_str(), |text| context.pick(&text.th, &text.en));
                format!("{caption} {}", plain(value))
            })
            .collect();
        let gone = if row.gone { context.message("audit.taken_back") } else { "" };
        print(format!(
            "  {} {} {}:{} PID {} {}{gone}",
            row.day,
            row.file,
            printed(&row.archive),
            row.line,
            printed(&row.pid),
            printed(&values.join(", "))
        ))?;
    }
    if whole.rows_cut {
        let (left, all) = (whole.rows.len(), whole.rows_total);
        print(context.message_with("audit.rows_shown", &[("left", &left), ("all", &all)]))?;
    }
    print(format!("{}: {}", context.message("audit.possible_now"), whole.allowed.join(", ")))
}
