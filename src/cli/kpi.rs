//! `khlang kpi`: list, count, explain, and enter what people report.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use super::context::CommandContext;
use super::known::{self, unknown};
use super::output::{CommandOutcome, print, print_json};
use crate::environment::Environment;
use crate::kpi::{
    Calculator, Definition, KpiError, KpiResult, Level, Library, Period, PersonExplained,
    UnitExplained, read_entries,
};
use crate::overlay::{self, Overlay};
use crate::store::Reader;

/// Calls of `kpi`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Every KPI with its target, source and version
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Count a KPI, or all of them
    Run {
        /// Its id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All KPIs
        #[arg(long)]
        all: bool,
        /// B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01
        #[arg(long)]
        period: Period,
        /// unit, cup, network, district, province, or class (of hospitals)
        #[arg(long, default_value = "unit")]
        level: Level,
        /// Count all rows anew, without what is kept of earlier counts
        #[arg(long)]
        fresh: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Why a person counts or does not; where a unit loses people
    Explain {
        /// Its id
        id: String,
        /// The unit
        #[arg(long)]
        unit: String,
        /// Citizen ID of one person
        #[arg(long, value_name = "CID")]
        person: Option<String>,
        /// B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01
        #[arg(long)]
        period: Period,
        /// Show citizen IDs whole
        #[arg(long)]
        unmask: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Enter reported values: kpi,unit,period,numerator,denominator,note
    Enter {
        /// The CSV file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs `khlang kpi`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let library = Library::load(Some(&Overlay::new(&context.data, overlay::KPI)))?;
    match args {
        Args::List { json } => list(context, &library, *json),
        Args::Run { id, period, level, fresh, json, .. } => {
            let some = id.as_deref().map(|id| find(&library, id)).transpose()?;
            let chosen = some.map_or_else(|| library.kpis.values().collect(), |one| vec![one]);
            let counted = counted(context, &chosen, period, *level, *fresh)?;
            print_results(context, &chosen, counted, id.is_some(), *json)
        }
        Args::Explain { id, unit, person, period, unmask, json } => {
            let definition = find(&library, id)?;
            let place = ExplainTarget { unit, person: person.as_deref(), unmask: *unmask };
            explain(context, definition, period, &place, *json)
        }
        Args::Enter { file, json } => enter(context, &library, file, *json),
    }
}

fn find<'l>(library: &'l Library, id: &str) -> anyhow::Result<&'l Definition> {
    let known = || library.kpis.keys().map(String::as_str);
    library.get(id).ok_or_else(|| unknown("noun.kpi", id, known()))
}

fn list(context: &CommandContext, library: &Library, json: bool) -> anyhow::Result<CommandOutcome> {
    if json {
        print_json(&library.kpis.values().collect::<Vec<_>>())?;
        return Ok(CommandOutcome::Ok);
    }
    for definition in library.kpis.values() {
        let name = context.pick(&definition.name.th, &definition.name.en);
        let targets: Vec<String> =
            definition.target.iter().map(|(year, target)| format!("{year}: {target}")).collect();
        print(format!("{:<22} {name} [{}]", definition.id, targets.join(", ")))?;
    }
    Ok(CommandOutcome::Ok)
}

/// What was counted, and which KPIs took too long.
struct CountedAll {
    results: Vec<KpiResult>,
    stopped: Vec<String>,
    longest_ms: u64,
}

fn counted(
    context: &CommandContext,
    chosen: &[&Definition],
    period: &Period,
    level: Level,
    fresh: bool,
) -> anyhow::Result<CountedAll> {
    let environment = context.environment()?;
    let reader = context.reader()?;
    let kept = context.kept(&environment.config, fresh);
    let (mut results, mut stopped) = (Vec::new(), Vec::new());
    let mut session = Calculator::new(&environment, &reader)?.with_cache(&kept);
    // Those that live in one kind of year share building blocks: they come
    // one after the other, and what is always counted in full comes last.
    let mut order: Vec<&&Definition> = chosen.iter().collect();
    order.sort_by_key(|definition| (!definition.counts_in_parts(), definition.year as u8));
    for definition in order {
        allow(&environment, &reader)?;
        let begun = std::time::Instant::now();
        match session.run(definition, period, level) {
            Ok(result) => results.push(result),
            Err(KpiError::TooLong { kpi }) => {
                stopped.push(kpi);
                // The snapshot went with the query.
                drop(session);
                session = Calculator::new(&environment, &reader)?.with_cache(&kept);
            }
            Err(other) => return Err(other.into()),
        }
        log::debug!("{}: {} ms", definition.id, begun.elapsed().as_millis());
    }
    results.sort_by(|a, b| a.kpi.cmp(&b.kpi));
    Ok(CountedAll { results, stopped, longest_ms: environment.config.limits.kpi_ms })
}

fn print_results(
    context: &CommandContext,
    chosen: &[&Definition],
    counted: CountedAll,
    one: bool,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let CountedAll { results, stopped, longest_ms } = counted;
    match (json, one, results.first()) {
        (true, true, Some(result)) => print_json(result)?,
        (true, true, None) => {}
        (true, false, _) => print_json(&results)?,
        (false, ..) => {
            for result in &results {
                show(context, chosen, result)?;
            }
        }
    }
    anyhow::ensure!(
        stopped.is_empty(),
        "stopped after limits.kpi_ms = {longest_ms} ms: {}",
        stopped.join(", ")
    );
    Ok(CommandOutcome::Ok)
}

/// Each query may take so long.
fn allow(environment: &Environment, reader: &Reader) -> anyhow::Result<()> {
    Ok(reader.stop_after(Duration::from_millis(environment.config.limits.kpi_ms))?)
}

fn show(
    context: &CommandContext,
    chosen: &[&Definition],
    result: &KpiResult,
) -> anyhow::Result<()> {
    let definition = chosen.iter().find(|definition| definition.id == result.kpi);
    let name = definition.map_or("", |d| context.pick(&d.name.th, &d.name.en));
    let span = &result.period;
    print(format!("{} {name} {} ({} – {})", result.kpi, span.name, span.start, span.end))?;
    if let Some(why) = &result.not_computable {
        let (th, en) = (&why.text.th, &why.text.en);
        let head = context.message("cli.not_computable_2");
        print(format!("{head}{}", context.pick(th, en)))?;
    }
    for row in &result.rows {
        let value = row.value.as_deref().unwrap_or("-");
        let target = row.target.as_deref().unwrap_or("-");
        let met = row.met.map_or("", |met| if met { "✓" } else { "✗" });
        print(format!(
            "  {:<6} {:>9} / {:<9} {value:>8}  ({target}) {met} {}",
            row.code,
            row.numerator.to_string(),
            row.denominator.to_string(),
            row.name
        ))?;
        if let Some(why) = &row.not_sent {
            print(format!("         ! {}", context.pick(&why.text.th, &why.text.en)))?;
        }
    }
    for (reason, count) in &result.excluded {
        let text = definition.and_then(|d| d.exclusions.get(reason));
        let text = text.map_or(reason.as_str(), |names| context.pick(&names.th, &names.en));
        print(format!("  - {text}: {count}"))?;
    }
    if let Some(definition) = definition.filter(|d| !d.local_defaults.is_empty()) {
        print(format!("  * local default: {}", definition.local_defaults.join("; ")))?;
    }
    Ok(())
}

/// What is to be explained.
struct ExplainTarget<'a> {
    unit: &'a str,
    person: Option<&'a str>,
    unmask: bool,
}

fn explain(
    context: &CommandContext,
    definition: &Definition,
    period: &Period,
    place: &ExplainTarget<'_>,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let environment = context.environment()?;
    known::unit(&environment.units, place.unit)?;
    let reader = context.reader()?;
    allow(&environment, &reader)?;
    let mut session = Calculator::new(&environment, &reader)?;
    if let Some(cid) = place.person {
        let cid = cid.replace(['-', ' '], "");
        let explained = session.explain_person(definition, period, &cid, place.unmask)?;
        if json {
            print_json(&explained)?;
        } else {
            show_person(context, place, &explained)?;
        }
    } else {
        let explained = session.explain_unit(definition, period, place.unit, place.unmask)?;
        if json {
            print_json(&explained)?;
        } else {
            show_unit(context, &explained)?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn show_person(
    context: &CommandContext,
    place: &ExplainTarget<'_>,
    explained: &PersonExplained,
) -> anyhow::Result<()> {
    print(format!("{} {} {}", explained.kpi, explained.period.name, explained.person))?;
    for r in &explained.registered {
        let field = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        print(format!(
            "  {} PID {} TYPEAREA {} DISCHARGE {} NATION {}",
            r.hcode,
            r.pid,
            field(&r.typearea),
            field(&r.discharge),
            field(&r.nation)
        ))?;
    }
    if !explained.outcomes.iter().any(|outcome| outcome.hcode == place.unit) {
        print(format!("  {}: {}", place.unit, context.message("cli.not_of_this_kpi")))?;
    }
    for outcome in &explained.outcomes {
        let yes = |yes: bool| if yes { "✓" } else { "✗" };
        let (den, num) = (yes(outcome.in_denominator), yes(outcome.in_numerator));
        let values: &[(&str, &dyn Display)] =
            &[("hcode", &outcome.hcode), ("den", &den), ("num", &num)];
        print(context.message_with("cli.counts_in", values))?;
        for check in &outcome.checks {
            let met = check.met.map_or(" ", yes);
            let value = check.value.as_deref().map_or(String::new(), |v| format!(" = {v}"));
            print(format!("    {met} {}{value}", context.pick(&check.text.th, &check.text.en)))?;
        }
        if let Some(reason) = &outcome.reason {
            let text = outcome.reason_text.as_ref();
            let text = text.map_or(reason.as_str(), |n| context.pick(&n.th, &n.en));
            print(format!("    ! {text}"))?;
        }
    }
    Ok(())
}

fn show_unit(context: &CommandContext, explained: &UnitExplained) -> anyhow::Result<()> {
    print(format!("{} {} {}", explained.kpi, explained.period.name, explained.hcode))?;
    for step in &explained.funnel {
        print(format!("  {:>8} {}", step.left, context.pick(&step.text.th, &step.text.en)))?;
    }
    for (reason, count) in &explained.excluded {
        print(format!("  - {reason}: {count}"))?;
    }
    for missing in &explained.missing {
        let pid = missing.pid.as_deref().unwrap_or("");
        let why = missing.reason.as_ref().or(missing.lacks.as_ref());
        print(format!("  {} {pid} {}", missing.person, why.map_or("", String::as_str)))?;
    }
    Ok(())
}

fn enter(
    context: &CommandContext,
    library: &Library,
    file: &Path,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let environment = context.environment()?;
    let text = crate::files::read_plain(file).with_context(|| file.display().to_string())?;
    let entries = match read_entries(&text, library, &environment.units) {
        Ok(entries) => entries,
        Err(mistakes) => {
            if json {
                print_json(&json!({ "entered": 0, "mistakes": mistakes }))?;
            } else {
                for mistake in mistakes {
                    print(mistake)?;
                }
            }
            return Ok(CommandOutcome::InputIncomplete);
        }
    };
    let folders = context.folders()?;
    let mut store = context.store(&environment, &folders)?;
    let by = std::env::var("USER").unwrap_or_else(|_| "cli".to_owned());
    store.enter_reported(&entries, &by, &context.clock.now().to_rfc3339())?;
    context.log_change("kpi enter", None, None, &format!("{} values", entries.len()))?;
    if json {
        print_json(&json!({ "entered": entries.len(), "mistakes": [] }))?;
    } else {
        print(format!("{} {}", context.message("cli.entered"), entries.len()))?;
    }
    Ok(CommandOutcome::Ok)
}
