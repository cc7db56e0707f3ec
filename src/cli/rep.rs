//! `khlang rep`: what came back of the rows that were sent on.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::context::{CommandContext, user};
use super::known::{optional_unit, unknown};
use super::output::{CommandOutcome, print, print_json};
use crate::catalog::Record;
use crate::environment::Environment;
use crate::inbox::{Folders, write_receipt};
use crate::overlay::{self, Overlay};
use crate::printable::line;
use crate::rep::{
    self, FreeRequest, ImportContext, ImportedRep, LayoutKind, RepError, RepLayout, RepLayouts,
};
use crate::report::csv;
use crate::store::{ListPage, Reader, RepFilter, RepLine, RepRowLine, RepSum, Store};
use crate::text::text;

/// Calls of `rep`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Read a file that came back, and match its lines to rows of ours
    Import(ImportArgs),
    /// List the files that came back, newest first
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show what one of them says beside what was said here
    Show {
        /// Its number
        id: i64,
        /// Only of this unit
        #[arg(long, value_name = "HCODE")]
        unit: Option<String>,
        /// Print one JSON document
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// Print its lines as CSV
        #[arg(long)]
        csv: bool,
    },
    /// Write to the units, into outbox/HCODE/, what came back of their rows
    Send {
        /// Number of the file
        id: i64,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Take back the rows that were refused there and accepted here, so that
    /// corrected ones can be sent
    Free {
        /// Number of the file that says so
        id: i64,
        /// Only rows of this file of the standard
        #[arg(long)]
        file: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who frees them [default: the user of this shell]
        #[arg(long)]
        by: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Options of importing a file that came back.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The file
    file: PathBuf,
    /// Layout of it (config/rep/)
    #[arg(long, value_name = "LAYOUT")]
    layout: String,
    /// Who imports it [default: the user of this shell]
    #[arg(long)]
    by: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What an import answers.
#[derive(Serialize)]
struct ImportReply<'a> {
    layout: &'a str,
    proven: bool,
    #[serde(flatten)]
    imported: ImportedRep,
}

/// What `rep show` answers.
#[derive(Serialize)]
struct ShowReply {
    #[serde(flatten)]
    rep: RepLine,
    sums: Vec<RepSum>,
    lines: Vec<RepRowLine>,
}

/// Lines that are shown as text; `--csv` and `--json` have all.
const LINES_SHOWN: u64 = 50;

/// The layouts in force.
pub(super) fn layouts(
    context: &CommandContext,
    environment: &Environment,
) -> anyhow::Result<RepLayouts> {
    let own = Overlay::new(&context.data, overlay::REP);
    Ok(RepLayouts::load(Some(&own), &environment.catalog)?)
}

/// Runs `khlang rep`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Import(args) => import(context, args, LayoutKind::Rows),
        Args::List { json } => list(context, *json),
        Args::Show { id, unit, json, csv } => show(context, *id, unit.as_deref(), *json, *csv),
        Args::Send { id, json } => send(context, *id, *json),
        Args::Free { id, file, reason, by, json } => {
            let by = named(by.as_deref())?;
            free(
                context,
                &FreeCall { id: *id, file: file.as_deref(), reason, by: &by, json: *json },
            )
        }
    }
}

/// Who does something.
fn named(by: Option<&str>) -> anyhow::Result<String> {
    let by = by.map_or_else(user, |by| by.trim().to_owned());
    anyhow::ensure!(!by.is_empty(), "{}", text("cli.forward_no_by").both());
    Ok(by)
}

/// Imports a file of a kind.
pub(super) fn import(
    context: &CommandContext,
    args: &ImportArgs,
    kind: LayoutKind,
) -> anyhow::Result<CommandOutcome> {
    let environment = context.environment()?;
    let layouts = layouts(context, &environment)?;
    let of_kind = layouts.all.values().filter(|layout| layout.kind == kind);
    let known = of_kind.map(|layout| layout.id.as_str());
    let layout = layouts.all.get(&args.layout).filter(|layout| layout.kind == kind);
    let layout = layout.ok_or_else(|| unknown("noun.layout", &line(&args.layout), known))?;
    let by = named(args.by.as_deref())?;
    let reader = context.reader()?;
    let folders = context.folders()?;
    let store = || -> rep::Result<Store> {
        let opened = context.store(&environment, &folders);
        opened.map_err(|error| RepError::Io {
            what: error.to_string(),
            cause: std::io::Error::other("store"),
        })
    };
    let place = ImportContext {
        environment: &environment,
        data: &context.data,
        reader: &reader,
        store: &store,
        at: &context.clock.stamp(),
        by: &by,
    };
    let imported = rep::import(&place, &args.file, layout)?;
    let what = if kind == LayoutKind::Rows { "rep import" } else { "statement import" };
    context.log_change(what, None, None, &format!("#{} {}", imported.rep, layout.id))?;
    tell(context, layout, imported, args.json)
}

fn tell(
    context: &CommandContext,
    layout: &RepLayout,
    imported: ImportedRep,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    if json {
        print_json(&ImportReply { layout: &layout.id, proven: layout.proven, imported })?;
        return Ok(CommandOutcome::Ok);
    }
    let ImportedRep { rep, rows, refused, by_line, by_key, unmatched } = imported;
    print(if layout.kind == LayoutKind::Rows {
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("id", &rep),
            ("rows", &rows),
            ("refused", &refused),
            ("line", &by_line),
            ("key", &by_key),
            ("unmatched", &unmatched),
        ];
        context.message_with("cli.rep_imported", &values)
    } else {
        context.message_with("cli.statement_imported", &[("id", &rep), ("rows", &rows)])
    })?;
    unproven(context, layout.proven, &layout.id)?;
    Ok(CommandOutcome::Ok)
}

/// Says of what was read by a layout that was not proven that it was.
fn unproven(context: &CommandContext, proven: bool, layout: &str) -> anyhow::Result<()> {
    if proven {
        return Ok(());
    }
    print(format!("! {}", context.message_with("rep.unproven", &[("layout", &line(layout))])))
}

fn list(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let all = context.reader()?.reps(&None)?;
    if json {
        print_json(&all)?;
        return Ok(CommandOutcome::Ok);
    }
    for rep in &all {
        head(context, rep)?;
    }
    Ok(CommandOutcome::Ok)
}

fn head(context: &CommandContext, rep: &RepLine) -> anyhow::Result<()> {
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("rows", &rep.rows),
        ("refused", &rep.refused),
        ("unmatched", &rep.unmatched),
        ("freed", &rep.freed),
    ];
    print(format!(
        "#{} {} {} {} {} {}: {}",
        rep.rep,
        line(&rep.destination),
        rep.kind,
        rep.imported_at.get(..19).unwrap_or(&rep.imported_at),
        line(&rep.layout),
        line(&rep.file),
        context.message_with("cli.rep_counts", &values)
    ))?;
    unproven(context, rep.proven, &rep.layout)
}

fn found(context: &CommandContext, reader: &Reader, id: i64) -> anyhow::Result<RepLine> {
    let found = reader.rep(id, &None)?;
    found.with_context(|| context.message_with("cli.no_rep", &[("id", &id)]))
}

fn show(
    context: &CommandContext,
    id: i64,
    unit: Option<&str>,
    json: bool,
    csv: bool,
) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let unit = optional_unit(context, &reader, unit)?;
    let units = unit.map(|unit| std::iter::once(unit).collect());
    let rep = match reader.rep(id, &units)? {
        Some(rep) => rep,
        // It is there, and has nothing of the unit.
        None => {
            RepLine { rows: 0, refused: 0, unmatched: 0, freed: 0, ..found(context, &reader, id)? }
        }
    };
    let filter = RepFilter { units: units.clone(), ..RepFilter::default() };
    let most = if json || csv { i64::MAX as u64 } else { LINES_SHOWN };
    let lines: ListPage<RepRowLine> = reader.rep_rows(id, &filter, 1, most)?;
    if csv {
        let table = csv::table(&rep::HEADER, lines.rows.iter().map(rep::cells));
        print(String::from_utf8_lossy(&table).trim_end())?;
        return Ok(CommandOutcome::Ok);
    }
    let sums = reader.rep_sums_of(id, &units)?;
    if json {
        print_json(&ShowReply { rep, sums, lines: lines.rows })?;
        return Ok(CommandOutcome::Ok);
    }
    head(context, &rep)?;
    for sum in &sums {
        print(format!(
            "  {} {:<14} {} / {} / {} {}",
            sum.hcode, sum.file, sum.received, sum.passed, sum.refused, sum.shown_points
        ))?;
    }
    for row in &lines.rows {
        let of = row.submission.map_or_else(
            || context.message(rep::why(&row.why)).to_owned(),
            |submission| format!("#{submission} {}", row.line.unwrap_or_default()),
        );
        let state = if row.passed { "+" } else { "-" };
        print(format!(
            "  {:>6} {state} {} {} {} {of}",
            row.at,
            line(&row.hcode),
            line(&row.file),
            line(&row.code)
        ))?;
    }
    if lines.total > most {
        print(format!("  … {}", lines.total - most))?;
    }
    Ok(CommandOutcome::Ok)
}

fn send(context: &CommandContext, id: i64, json: bool) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let rep = found(context, &reader, id)?;
    let config = context.config()?;
    let (catalog, units) = (context.catalog(&config)?, context.units(&config)?);
    let _held = reader.snapshot()?;
    let letters = rep::letters(&reader, &catalog, &rep, None)?;
    let folders = context.folders()?;
    // What is written says when it was imported, so that it is the same again.
    let made = chrono::DateTime::parse_from_rfc3339(&rep.imported_at)?;
    let sent = rep::send(&letters, &rep, &context.data, &folders.outbox(), &units, made)?;
    context.log_change("rep send", None, None, &format!("#{id}"))?;
    if json {
        print_json(&sent)?;
        return Ok(CommandOutcome::Ok);
    }
    for path in sent.units.values().flatten() {
        print(line(path))?;
    }
    for hcode in &sent.no_units {
        print(context.message_with("cli.rep_no_unit", &[("hcode", &line(hcode))]))?;
    }
    unproven(context, rep.proven, &rep.layout)?;
    Ok(CommandOutcome::Ok)
}

/// What `rep free` was called with.
struct FreeCall<'a> {
    id: i64,
    file: Option<&'a str>,
    reason: &'a str,
    by: &'a str,
    json: bool,
}

fn free(context: &CommandContext, call: &FreeCall<'_>) -> anyhow::Result<CommandOutcome> {
    let reader = context.reader()?;
    let rep = found(context, &reader, call.id)?;
    let environment = context.environment()?;
    let layouts = layouts(context, &environment)?;
    let layout = layouts.all.get(&rep.layout);
    let known = layouts.all.keys().map(String::as_str);
    let layout = layout.ok_or_else(|| unknown("noun.layout", &line(&rep.layout), known))?;
    let records = &environment.catalog.records;
    let record = match call.file {
        None => None,
        Some(file) => {
            let files = || records.iter().flat_map(Record::layouts).map(|of| of.file.as_str());
            let is = |name: &str| name.eq_ignore_ascii_case(file);
            let of = records.iter().find(|r| r.layouts().any(|of| is(&of.file)));
            let of = of.ok_or_else(|| unknown("noun.file", &line(file), files()))?;
            Some(of.name.as_str())
        }
    };
    drop(reader);
    let folders = context.folders()?;
    let mut store = context.store(&environment, &folders)?;
    let at = context.clock.stamp();
    let request = FreeRequest { rep: call.id, record, by: call.by, reason: call.reason, at: &at };
    let freed = request.run(&environment, &mut store, layout)?;
    tell_receipts(&environment, &folders, &store, freed.submissions.keys().copied())?;
    let detail = format!("#{} {} rows: {}", call.id, freed.rows, call.reason.trim());
    context.log_change("rep free", None, None, &detail)?;
    if call.json {
        print_json(&freed)?;
        return Ok(CommandOutcome::Ok);
    }
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("rows", &freed.rows),
        ("submissions", &freed.submissions.len()),
        ("duplicates", &freed.duplicates.len()),
    ];
    print(context.message_with("cli.rep_freed", &values))?;
    Ok(CommandOutcome::Ok)
}

/// Writes the receipts of submissions anew: they say what was freed.
fn tell_receipts(
    environment: &Environment,
    folders: &Folders,
    store: &Store,
    submissions: impl Iterator<Item = i64>,
) -> anyhow::Result<()> {
    for id in submissions {
        if let Some(submission) = store.submission(id, &environment.catalog)? {
            write_receipt(&|id| Ok(store.known(id)?.is_some()), folders, &submission)?;
        }
    }
    Ok(())
}
