//! `khlang catalog`: every problem and finding, with how to fix it.

use std::fmt::Write as _;

use clap::ValueEnum;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::catalog::{Catalog, FindingText};
use crate::text::{Lang, text};

/// Options of `catalog`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Form of the answer
    #[arg(long, value_enum, default_value = "md")]
    format: CatalogFormat,
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CatalogFormat {
    /// One JSON document.
    Json,
    /// Markdown tables.
    Md,
}

/// Runs `khlang catalog`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    let catalog = context.catalog(&context.config()?)?;
    let texts: Vec<FindingText> = expanded(&catalog);
    match args.format {
        CatalogFormat::Json => print_json(&texts)?,
        CatalogFormat::Md => print(markdown(&texts, context.lang == Lang::Th))?,
    }
    Ok(CommandOutcome::Ok)
}

/// All texts, the codes that every file has with the prefix of each file.
fn expanded(catalog: &Catalog) -> Vec<FindingText> {
    let mut all = Vec::new();
    for text in catalog.findings.iter() {
        if !text.code.starts_with("XX") {
            all.push(text.clone());
            continue;
        }
        for standard in [crate::archive::Standard::F21, crate::archive::Standard::F43] {
            for layout in catalog.layouts(standard) {
                let code = format!("{}{}", layout.prefix, &text.code[2..]);
                if catalog.findings.has_own(&code, standard) {
                    continue;
                }
                let (standard, file) = (standard.to_string(), layout.file.clone());
                all.push(FindingText { code, standard, file, ..text.clone() });
            }
        }
    }
    all.sort_by(|a, b| (&a.standard, &a.file, &a.code).cmp(&(&b.standard, &b.file, &b.code)));
    all
}

fn markdown(texts: &[FindingText], thai: bool) -> String {
    let lang = if thai { Lang::Th } else { Lang::En };
    let mut out = format!("{}\n", text("cli.problems_and_findings").pick(lang));
    let heading = text("cli.heading_of_codes").pick(lang);
    let mut last = None;
    for text in texts {
        let part = (text.standard.as_str(), text.file.as_str());
        if last != Some(part) {
            last = Some(part);
            let name = if text.standard == "*" { "A, M, N" } else { &text.file };
            let _ = write!(out, "\n## {} {name}\n\n", text.standard.trim_matches('*'));
            out.push_str(heading);
            out.push_str("\n|---|---|---|---|---|---|\n");
        }
        let severity = format!("{:?}", text.severity).to_lowercase();
        let (what, fix) = if thai { (&text.th, &text.fix_th) } else { (&text.en, &text.fix_en) };
        let _ = writeln!(
            out,
            "| {} | {severity} | {} | {} | {what} | {fix} |",
            text.code, text.field, text.origin
        );
    }
    out
}
