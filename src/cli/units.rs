//! `khlang units`: the list of units in force, and one that is held back.

use serde_json::json;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::units::Held;

/// Calls of `units`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Put a changed list in force that is held back because it is empty, cut
    /// off, or drops units with submissions
    Accept {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show how many units are in force, and what is held back
    Show {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs `khlang units`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Accept { json } => accept(context, *json),
        Args::Show { json } => show(context, *json),
    }
}

fn accept(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let units = context.units(&context.config()?)?;
    let Some(held) = &units.held else {
        let nothing = context.message("cli.no_list_of_units_is_held");
        let document = json!({"accepted": false, "held": null, "units": units.by_code.len()});
        if json {
            print_json(&document)?;
        } else {
            print(nothing)?;
        }
        return Ok(CommandOutcome::Ok);
    };
    let can = held.can_be_accepted();
    if can {
        held.accept(&context.data)?;
        let dropped: Vec<&str> = held.dropped.iter().map(|unit| unit.hcode.as_str()).collect();
        let detail = format!("{} units, dropped: {}", held.units.unwrap_or(0), dropped.join(" "));
        context.log_change("units accept", None, None, &detail)?;
    }
    if json {
        print_json(&json!({"accepted": can, "held": held, "units": units_after(held, can)}))?;
    } else if can {
        print(accepted(context, held))?;
        list(held)?;
    } else {
        let kept = context.message("cli.it_cannot_be_accepted");
        print(format!("{}: {kept}", context.pick(&held.th, &held.en)))?;
    }
    Ok(if can { CommandOutcome::Ok } else { CommandOutcome::InputIncomplete })
}

/// How many units are in force from here on.
fn units_after(held: &Held, accepted: bool) -> usize {
    held.units.filter(|_| accepted).unwrap_or(held.in_force)
}

fn accepted(context: &CommandContext, held: &Held) -> String {
    let (file, now, before) = (&held.file, held.units.unwrap_or(0), held.in_force);
    context.message_with("cli.list_in_force", &[("file", file), ("now", &now), ("before", &before)])
}

/// The units that have sent something and are not in the new list.
fn list(held: &Held) -> anyhow::Result<()> {
    for unit in &held.dropped {
        let count = unit.submissions.map_or_else(|| "?".to_owned(), |count| count.to_string());
        print(format!("- {} ({count})", unit.hcode))?;
    }
    Ok(())
}

fn show(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let units = context.units(&context.config()?)?;
    let done =
        if units.held.is_some() { CommandOutcome::InputIncomplete } else { CommandOutcome::Ok };
    if json {
        print_json(&json!({"units": units.by_code.len(), "held": units.held}))?;
        return Ok(done);
    }
    let text = context.message("cli.units_in_force");
    print(format!("{} {text}", units.by_code.len()))?;
    if let Some(held) = &units.held {
        print(context.pick(&held.th, &held.en))?;
        list(held)?;
    }
    Ok(done)
}
