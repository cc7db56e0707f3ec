//! A destination as configured, with what it names looked up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::archive::Standard;
use crate::config::{Era, Forward, SentWhen};
use crate::export::check_name;
use crate::store::ForwardCandidate;
use crate::units::{Unit, Units};

/// Words of the command line that no destination is called by.
const RESERVED: [&str; 5] = ["list", "status", "sent", "again", "adopt"];

/// Most folders that may be kept.
const MOST_KEPT: usize = 100_000;

/// A destination to which rows can be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Kinds of unit whose rows it gets; all when there is none.
    pub types: BTreeSet<String>,
    /// Standards that it takes.
    pub standards: BTreeSet<Standard>,
    /// When it is due, as written.
    pub schedule: Option<String>,
    /// What is received from this day on is for it.
    pub since: Option<NaiveDate>,
    /// From when rows count as sent.
    pub sent: SentWhen,
    /// The era of names.
    pub era: Era,
    /// So many folders are kept.
    pub keep: usize,
}

impl Destination {
    /// Whether it gets what a unit sent by a standard.
    pub fn takes(&self, standard: &str, unit: Option<&Unit>) -> bool {
        let of_unit = unit.is_some_and(|unit| self.types.contains(&unit.kind));
        let of_standard = standard.parse().is_ok_and(|named| self.standards.contains(&named));
        of_standard && (self.types.is_empty() || of_unit)
    }

    /// Whether rows of a submission that were not sent wait for it.
    pub fn awaits(&self, candidate: &ForwardCandidate, units: &Units) -> bool {
        let day = candidate.received_at.get(..10).and_then(|day| day.parse::<NaiveDate>().ok());
        let in_time = self.since.is_none_or(|since| day.is_some_and(|day| day >= since));
        in_time && self.takes(&candidate.standard, units.by_code.get(&candidate.hcode))
    }
}

/// Looks up what all destinations name; every mistake is told with the name.
/// Schedules are proven by the caller, who knows cron.
pub fn destinations(configured: &[Forward]) -> Result<Vec<Destination>, Vec<String>> {
    let (mut found, mut mistakes) = (BTreeMap::new(), Vec::new());
    let mut order = Vec::new();
    for forward in configured {
        let name = &forward.name;
        if order.contains(name) {
            mistakes.push(format!("forward {name}: the name stands twice"));
        }
        order.push(name.clone());
        match destination(forward) {
            Ok(destination) => {
                found.insert(name.clone(), destination);
            }
            Err(told) => {
                mistakes.extend(told.into_iter().map(|what| format!("forward {name}: {what}")));
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(order.iter().filter_map(|name| found.remove(name)).collect())
}

/// A destination, or all that is wrong with it.
fn destination(forward: &Forward) -> Result<Destination, Vec<String>> {
    let Forward { name, types, standards, schedule, since, sent, era, keep } = forward;
    let mut mistakes = Vec::new();
    mistakes.extend(check_name(name).err());
    if RESERVED.contains(&name.as_str()) {
        mistakes.push("is a command of `khlang forward`; choose another name".to_owned());
    }
    if !(1..=MOST_KEPT).contains(keep) {
        mistakes.push(format!("keep is a number from 1 to {MOST_KEPT}"));
    }
    let kind = |text: &&String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let others = types.iter().filter(|text| !kind(text));
    mistakes
        .extend(others.map(|text| format!("types are two digits as in units.csv, not {text:?}")));
    let mut named = BTreeSet::new();
    for text in standards {
        match text.parse::<Standard>() {
            Ok(standard) => {
                named.insert(standard);
            }
            Err(_) => mistakes.push(format!("no standard {text:?}")),
        }
    }
    if standards.is_empty() {
        mistakes.push("standards has none".to_owned());
    }
    let day = since.as_deref().map(|text| (text, text.parse::<NaiveDate>()));
    if let Some((text, Err(_))) = &day {
        mistakes.push(format!("since is a day like 2014-01-31 (C.E.), not {text:?}"));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Destination {
        name: name.clone(),
        types: types.iter().cloned().collect(),
        standards: named,
        schedule: schedule.clone(),
        since: day.and_then(|(_, day)| day.ok()),
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
            ("name = \"nhso\"\nsince = \"31/01/2557\"", "since is a day like"),
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
        // And all of one destination together.
        let text = "name = \"list\"\nkeep = 0\ntypes = [\"3\", \"18\", \"x\"]\n\
                    standards = [\"F44\", \"F45\"]\nsince = \"x\"";
        let many: Forward = toml::from_str(text).unwrap();
        let mistakes = destinations(&[many.clone(), many]).unwrap_err();
        assert_eq!(mistakes.len(), 15, "{mistakes:?}");
        assert!(mistakes.iter().all(|told| told.starts_with("forward list: ")), "{mistakes:?}");
        let twice: Forward = toml::from_str(good).unwrap();
        let mistakes = destinations(&[twice.clone(), twice]).unwrap_err();
        assert_eq!(mistakes, ["forward nhso: the name stands twice"]);
    }
}
