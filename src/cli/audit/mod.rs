//! `khlang audit`: rules, runs, cases and their steps.

mod dry_run;
mod find;
mod letter;
mod list;
mod step;

use std::fmt::Display;

use super::output::{print, print_json};
use super::{CommandContext, CommandOutcome};
use crate::audit::limit::Threshold;
use crate::audit::steps::CaseState;
use crate::audit::{AuditRule, RuleLibrary};
use crate::money::holds::percent;
use crate::overlay::{self, Overlay};

/// Calls of `audit`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// All rules: thresholds, sources, local defaults
    Rules {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Run the rules, and open the cases that they raise
    Run(find::Args),
    /// List cases
    List(list::Args),
    /// A case with its rows, steps and money
    Show(list::ShowArgs),
    /// Tell the unit of a case, or of several
    Notify(step::Notify),
    /// Tell the unit of what joined a case since its letter
    Supplement(step::Notify),
    /// Write the letter of cases of a unit and tranche
    Letter(letter::Args),
    /// Enter an appeal
    Appeal(step::Appeal),
    /// Take an appeal back
    Withdraw(step::Say),
    /// Record what was found at the unit, and the proposal
    Verify(step::Verify),
    /// Decide
    Resolve(step::Resolve),
    /// Take a decided case up again
    Reopen(step::Say),
    /// Write a note into a case
    Note(step::NoteArgs),
}

/// Runs it.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Rules { json } => rules(context, *json),
        Args::Run(args) => find::run(context, args),
        Args::List(args) => list::list(context, args),
        Args::Show(args) => list::show(context, args),
        Args::Notify(args) => step::notify(context, "notify", args),
        Args::Supplement(args) => step::notify(context, "supplement", args),
        Args::Letter(args) => letter::run(context, args),
        Args::Appeal(args) => step::appeal(context, args),
        Args::Withdraw(args) => step::say_so(context, "withdraw", args),
        Args::Verify(args) => step::verify(context, args),
        Args::Resolve(args) => step::resolve(context, args),
        Args::Reopen(args) => step::say_so(context, "reopen", args),
        Args::Note(args) => step::note(context, args),
    }
}

fn rules(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let library = RuleLibrary::load(Some(&Overlay::new(&context.data, overlay::AUDIT)))?;
    if json {
        let rules: Vec<&AuditRule> = library.rules.values().collect();
        print_json(&rules)?;
        return Ok(CommandOutcome::Ok);
    }
    for rule in library.rules.values() {
        let own = if rule.own { context.message("audit.own_rule") } else { "" };
        print(format!(
            "{:<20} {:<10} {}{own}",
            rule.id,
            rule.item,
            context.pick(&rule.name.th, &rule.name.en)
        ))?;
        print(format!("{:31} {}", "", context.pick(&rule.says.th, &rule.says.en)))?;
        for (word, limit) in [
            (context.message("audit.would_hold"), &rule.hold),
            (context.message("audit.would_warn"), &rule.warn),
        ] {
            if let Some(limit) = limit {
                print(format!("{:31} {word}: {}", "", limit_text(context, rule, limit)))?;
            }
        }
        print(format!("{:31} {}: {}", "", context.message("audit.source"), rule.source))?;
        if !rule.local_defaults.is_empty() {
            let keys = rule.local_defaults.join(", ");
            print(format!("{:31} {}: {keys}", "", context.message("audit.local_defaults")))?;
        }
    }
    Ok(CommandOutcome::Ok)
}

/// A threshold in words.
fn limit_text(context: &CommandContext, rule: &AuditRule, limit: &Threshold) -> String {
    let text =
        |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parts: Vec<String> = Vec::new();
    if let Some(rows) = limit.rows {
        let what = match rule.counts {
            crate::audit::CountedBy::Rows => "audit.so_many_rows",
            crate::audit::CountedBy::Groups => "audit.so_many_groups",
        };
        parts.push(context.message_with(what, &[("n", &rows)]));
    }
    if let Some(percent) = limit.percent {
        parts.push(format!("{} %", text(serde_json::json!(percent))));
    }
    if let (Some(z), Some(ratio)) = (limit.z, limit.ratio) {
        let (z, ratio) = (text(serde_json::json!(z)), text(serde_json::json!(ratio)));
        parts.push(context.message_with("audit.z_and_ratio", &[("z", &z), ("ratio", &ratio)]));
    }
    if let Some(rate) = limit.rate {
        parts.push(format!("> {}", text(serde_json::json!(rate))));
    }
    if let Some(excess) = limit.excess {
        parts.push(context.message_with("audit.excess", &[("excess", &excess)]));
    }
    parts.join(context.message("audit.and"))
}

/// A case for which money is held, under the unit's line of money.
pub(super) fn print_beside(
    context: &CommandContext,
    of: &crate::store::HeldFor,
) -> anyhow::Result<()> {
    let Some(named) = &of.named else { return Ok(()) };
    let state = CaseState::parse(&named.state).map(CaseState::text).unwrap_or_default();
    let (case, rule, item, tranche) = (named.case, &named.rule, &of.item, &of.tranche);
    let (state, share) = (context.pick(&state.th, &state.en), percent(of.share));
    let values: [(&str, &dyn Display); 6] = [
        ("share", &share),
        ("item", item),
        ("tranche", tranche),
        ("case", &case),
        ("rule", rule),
        ("state", &state),
    ];
    let key = if of.is_final { "audit.not_paid_beside" } else { "audit.held_beside" };
    print(context.message_with(key, &values))
}
