//! `khlang catalog`: every problem, finding, indicator and audit rule, with how
//! to fix it.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::audit::{AuditRule, CaseSeverity, RuleKind, RuleLibrary};
use crate::catalog::{Catalog, FindingText};
use crate::kpi::{Definition, Library};
use crate::overlay::{self, Overlay};
use crate::text::{Lang, message, message_with, text};

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
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    let rules: Vec<EntryText<'_>> = library.rules.values().map(EntryText::of_rule).collect();
    let kpis = Library::load(Some(&Overlay::new(&context.data, overlay::KPI)))?;
    let kpis: Vec<EntryText<'_>> = kpis.kpis.values().map(EntryText::of_kpi).collect();
    match args.format {
        CatalogFormat::Json => {
            let all = texts.iter().map(serde_json::to_value);
            let all = all.chain(kpis.iter().chain(&rules).map(serde_json::to_value));
            print_json(&all.collect::<Result<Vec<_>, _>>()?)?;
        }
        CatalogFormat::Md => {
            let thai = context.lang == Lang::Th;
            let kpis = entries_markdown("kpi.all", &kpis, context);
            let rules = entries_markdown("audit.rules", &rules, context);
            print(markdown(&texts, thai) + &kpis + &rules)?;
        }
    }
    Ok(CommandOutcome::Ok)
}

/// An indicator or a rule of audits, with the keys of a finding.
#[derive(Serialize)]
struct EntryText<'r> {
    code: &'r str,
    standard: &'static str,
    /// The item of the rulebook whose money a rule is about.
    file: &'r str,
    field: &'static str,
    /// `hold` where a rule holds money, else `warn`; `note` of an indicator.
    severity: &'static str,
    origin: &'static str,
    source: &'r str,
    th: String,
    en: String,
    mend_th: String,
    mend_en: String,
}

impl<'r> EntryText<'r> {
    /// Of an indicator: nothing is wrong, and what it lacks is what it needs.
    fn of_kpi(kpi: &'r Definition) -> Self {
        let needs = kpi.needs.join(", ");
        let mend = if needs.is_empty() {
            message("kpi.mend_reported")
        } else {
            message_with("kpi.mend", &[("needs", &needs), ("id", &kpi.id)])
        };
        Self {
            code: &kpi.id,
            standard: "*",
            file: "",
            field: "",
            severity: "note",
            origin: "kpi",
            source: &kpi.source,
            th: kpi.name.th.clone(),
            en: kpi.name.en.clone(),
            mend_th: mend.th,
            mend_en: mend.en,
        }
    }

    fn of_rule(rule: &'r AuditRule) -> Self {
        let severity = if rule.hold.is_some() { CaseSeverity::Hold } else { CaseSeverity::Warn };
        let mend = message(match rule.kind {
            RuleKind::Rows => "audit.mend_rows",
            RuleKind::Rate => "audit.mend_rate",
        });
        Self {
            code: &rule.id,
            standard: "*",
            file: &rule.item,
            field: "",
            severity: severity.as_str(),
            origin: "audit",
            source: &rule.source,
            th: format!("{}: {}", rule.name.th, rule.says.th),
            en: format!("{}: {}", rule.name.en, rule.says.en),
            mend_th: mend.th,
            mend_en: mend.en,
        }
    }
}

fn entries_markdown(title: &str, rules: &[EntryText<'_>], context: &CommandContext) -> String {
    let mut out = format!("\n## {}\n\n", context.message(title));
    let _ = writeln!(out, "| {} |\n|---|---|---|---|---|---|", context.message("audit.rules_head"));
    for rule in rules {
        let (what, mend) =
            (context.pick(&rule.th, &rule.en), context.pick(&rule.mend_th, &rule.mend_en));
        let EntryText { code, severity, file, source, .. } = rule;
        let _ = writeln!(out, "| {code} | {severity} | {file} | {source} | {what} | {mend} |");
    }
    out
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
