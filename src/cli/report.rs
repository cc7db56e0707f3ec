//! `khlang report`: a report on standard output or into a file.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::CommandContext;
use super::known::unknown;
use super::output::CommandOutcome;
use crate::export::{self, ExportContent, ExportContext, Layouts};
use crate::files::write_whole;
use crate::kpi::{Level, Library, Period};
use crate::overlay::{self, Overlay};
use crate::report::Format;

/// The report that is made of KPIs.
const KPI: &str = "kpi";

/// Options of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its name: kpi, or that of a layout (kpi66)
    name: String,
    /// B.E. year 2563, quarter 2563Q3 (cumulative) or month 2563-01
    #[arg(long)]
    period: Period,
    /// The region that it is about
    #[arg(long)]
    region: Option<String>,
    /// KPIs by id, with commas between; `*` for all
    #[arg(long, value_delimiter = ',')]
    kpi: Vec<String>,
    /// Level of KPIs: unit, cup, network, district, province, class
    #[arg(long, default_value = "unit")]
    level: Level,
    /// Charts of each month
    #[arg(long)]
    trend: bool,
    /// csv, xlsx, json or html [default: by the ending of --out, else html]
    #[arg(long, value_parser = format_of)]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn format_of(name: &str) -> Result<Format, String> {
    let known = Format::NAMES.join(", ");
    Format::parse(name).ok_or_else(|| format!("the formats are {known}"))
}

/// Runs `khlang report`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let environment = context.environment()?;
    let library = Library::load(Some(&Overlay::new(&context.data, overlay::KPI)))?;
    let what = content(context, args, &library)?;
    context.reader()?;
    let database = context.folders()?.database();
    let now = context.clock.now();
    let place = ExportContext {
        environment: &environment,
        library: &library,
        data: &context.data,
        database: &database,
        now,
    };
    let composed = export::compose(&place, &what, args.period.into(), now.date_naive())?;
    let ending = args.out.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    let format = if args.json { Some(Format::Json) } else { args.format };
    let format = format.or_else(|| ending.and_then(Format::parse)).unwrap_or(Format::Html);
    let lang = context.lang;
    // A page says it above itself; what goes to a program does not.
    if format != Format::Html {
        for hint in &composed.document.hints {
            log::warn!("{}", hint.pick(lang));
        }
    }
    let bytes = composed.file(format, lang, now)?;
    match &args.out {
        Some(path) => write_whole(path, &bytes).with_context(|| path.display().to_string())?,
        None => {
            let mut out = std::io::stdout().lock();
            let binary = format.is_binary() && out.is_terminal();
            anyhow::ensure!(!binary, "a workbook is no text: say --out FILE");
            out.write_all(&bytes)?;
        }
    }
    Ok(CommandOutcome::Ok)
}

fn content(
    context: &CommandContext,
    args: &Args,
    library: &Library,
) -> anyhow::Result<ExportContent> {
    if args.name == KPI {
        anyhow::ensure!(!args.kpi.is_empty(), "say which KPIs: --kpi ID,ID or --kpi '*'");
        let definitions = export::chosen(&args.kpi, library).map_err(anyhow::Error::msg)?;
        return Ok(ExportContent::Kpis { definitions, level: args.level, trend: args.trend });
    }
    let layouts = Layouts::load(Some(&Overlay::new(&context.data, overlay::REPORTS)), library);
    let layouts = layouts.map_err(anyhow::Error::msg)?;
    let names = layouts.names();
    let known = || std::iter::once(KPI).chain(names.iter().map(AsRef::as_ref));
    let layout = layouts.get(&args.name);
    let layout = layout.ok_or_else(|| unknown("noun.report", &args.name, known()))?;
    let region = args.region.clone().unwrap_or_default();
    let needs = layout.needs_region() && region.is_empty();
    anyhow::ensure!(!needs, "the report {} needs --region", args.name);
    Ok(ExportContent::Report { layout: Box::new(layout.clone()), region })
}
