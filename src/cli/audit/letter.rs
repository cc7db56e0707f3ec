//! `khlang audit letter`, and the letters of `audit notify --out`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::list::whole;
use crate::audit::RuleLibrary;
use crate::audit::letter::{LetterKind, letter};
use crate::audit::view::ShownCase;
use crate::cli::output::{print, shown};
use crate::cli::{CommandContext, CommandOutcome};
use crate::environment::Environment;
use crate::files::{make_folder, write_whole};
use crate::overlay::{self, Overlay};
use crate::report::html;
use crate::store::Reader;

/// Options of `audit letter`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cases of one unit and tranche
    #[arg(required = true)]
    ids: Vec<i64>,
    /// notify (what was selected) or result (how it was decided)
    #[arg(long, default_value = "notify")]
    kind: String,
    /// Write it to this file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs it.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let kind = LetterKind::parse(&args.kind)
        .ok_or_else(|| anyhow::anyhow!("{} is no letter: notify, result", args.kind))?;
    let (environment, reader) = (context.environment()?, context.reader()?);
    let _held = reader.snapshot()?;
    let cases = cases(context, &environment, &reader, &args.ids)?;
    write_one(context, &environment, kind, &cases, &args.out)?;
    print(shown(&args.out))?;
    Ok(CommandOutcome::Ok)
}

/// Writes the letters of cases, one for each unit and tranche; gives where.
pub fn write_all(
    context: &CommandContext,
    kind: LetterKind,
    ids: &[i64],
    folder: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let (environment, reader) = (context.environment()?, context.reader()?);
    let _held = reader.snapshot()?;
    make_folder(folder, 0o700)?;
    let mut letters: BTreeMap<(String, i64, String), Vec<ShownCase>> = BTreeMap::new();
    for case in cases(context, &environment, &reader, ids)? {
        let line = &case.line;
        let of = (line.unit.hcode.clone(), line.round, line.tranche.clone());
        letters.entry(of).or_default().push(case);
    }
    let mut written = Vec::new();
    for ((hcode, round, tranche), cases) in &letters {
        let name = format!("{}-{hcode}-{round}-{tranche}.html", kind.as_str());
        let path = folder.join(name);
        write_one(context, &environment, kind, cases, &path)?;
        written.push(path);
    }
    Ok(written)
}

/// Cases with all rows that are kept of them, by number and once each.
fn cases(
    context: &CommandContext,
    environment: &Environment,
    reader: &Reader,
    ids: &[i64],
) -> anyhow::Result<Vec<ShownCase>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut cases = Vec::new();
    for id in ids {
        let (mut case, kept) = whole(context, environment, reader, id, i64::MAX)?;
        case.rows = kept.rows(reader, &environment.catalog)?;
        cases.push(case);
    }
    Ok(cases)
}

fn write_one(
    context: &CommandContext,
    environment: &Environment,
    kind: LetterKind,
    cases: &[ShownCase],
    path: &Path,
) -> anyhow::Result<()> {
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    let says = (&environment.config.audit.letter, &library.letters);
    let letter = letter(kind, cases, &environment.units, says)?;
    let lang = context.lang;
    crate::crash_point("audit_letter_begun");
    write_whole(path, &html::letter(&letter, lang)?)?;
    Ok(())
}
