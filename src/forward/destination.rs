//! A destination as configured, with what it names looked up.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::Standard;
use crate::config::{Era, Forward, SentWhen};
use crate::export::check_name;
use crate::units::Unit;

/// Subcommands of `khlang forward`, which no destination may be called.
const RESERVED: [&str; 5] = ["list", "status", "sent", "again", "adopt"];

/// Most folders that may be kept.
const MOST_KEPT: usize = 100_000;

/// A destination to which rows can be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Name in the configuration.
    pub name: String,
    /// Types of unit whose rows it gets; empty for all.
    pub types: BTreeSet<String>,
    /// Standards that it accepts.
    pub standards: BTreeSet<Standard>,
    /// When it is due, as written.
    pub schedule: Option<String>,
    /// From when rows count as sent.
    pub sent: SentWhen,
    /// The era of names.
    pub era: Era,
    /// Number of folders to keep.
    pub keep: usize,
}

impl Destination {
    /// Whether it gets what a unit sent in a standard.
    pub fn takes(&self, standard: &str, unit: Option<&Unit>) -> bool {
        let of_unit = unit.is_some_and(|unit| self.types.contains(&unit.kind));
        let of_standard = standard.parse().is_ok_and(|named| self.standards.contains(&named));
        of_standard && (self.types.is_empty() || of_unit)
    }
}

/// Looks up what all destinations name; every mistake is told with the name.
/// Schedules are proven by the caller, who knows cron.
///
/// # Errors
/// Every mistake, each with the name of its destination.
pub fn destinations(configured: &[Forward]) -> Result<Vec<Destination>, Vec<String>> {
    let (mut found, mut mistakes) = (BTreeMap::new(), Vec::new());
    let mut order = Vec::new();
    for forward in configured {
        let name = &forward.name;
        match destination(forward) {
            Ok(destination) => {
                if found.insert(name.clone(), destination).is_some() {
                    mistakes.push(format!("forward {name}: the name stands twice"));
                }
                order.push(name.clone());
            }
            Err(what) => mistakes.push(format!("forward {name}: {what}")),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(order.iter().filter_map(|name| found.remove(name)).collect())
}

fn destination(forward: &Forward) -> Result<Destination, String> {
    let Forward { name, types, standards, schedule, sent, era, keep } = forward;
    check_name(name)?;
    if RESERVED.contains(&name.as_str()) {
        return Err("is a command of `khlang forward`; choose another name".to_owned());
    }
    if !(1..=MOST_KEPT).contains(keep) {
        return Err(format!("keep is a number from 1 to {MOST_KEPT}"));
    }
    let kind = |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(other) = types.iter().find(|text| !kind(text)) {
        return Err(format!("types are two digits as in units.csv, not {other:?}"));
    }
    let named = |text: &String| text.parse().map_err(|_| format!("no standard {text:?}"));
    let standards: BTreeSet<Standard> = standards.iter().map(named).collect::<Result<_, _>>()?;
    if standards.is_empty() {
        return Err("standards has none".to_owned());
    }
    Ok(Destination {
        name: name.clone(),
        types: types.iter().cloned().collect(),
        standards,
        schedule: schedule.clone(),
        sent: *sent,
        era: *era,
        keep: *keep,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_destination() {
        let good = r#"name = "nhso""#;
        for (text, what) in [
            (r#"name = "Nhso""#, "a name has up to 64 small letters"),
            (r#"name = "list""#, "is a command"),
            ("name = \"nhso\"\nkeep = 0", "from 1 to 100000"),
            ("name = \"nhso\"\ntypes = [\"3\"]", "two digits"),
            ("name = \"nhso\"\nstandards = [\"F44\"]", "no standard \"F44\""),
            ("name = \"nhso\"\nstandards = []", "has none"),
        ] {
            let forward: Forward = toml::from_str(text).unwrap();
            let name = forward.name.clone();
            let mistakes = destinations(&[forward]).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{text}");
            let told = &mistakes[0];
            assert!(
                told.starts_with(&format!("forward {name}: ")) && told.contains(what),
                "{told}"
            );
        }
        let twice: Forward = toml::from_str(good).unwrap();
        let mistakes = destinations(&[twice.clone(), twice]).unwrap_err();
        assert_eq!(mistakes, ["forward nhso: the name stands twice"]);
    }
}
