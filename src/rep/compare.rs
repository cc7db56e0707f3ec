//! Money received beside money allocated, to the satang.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::layout::PARTS;
use crate::money::Satang;
use crate::money::result::{Allocation, CupMoney};
use crate::store::{PartKind, StatementLine};

/// A part of the money of a main unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceivedLine {
    /// The main unit.
    pub cup: String,
    /// Its name; blank when it is not in the list of units.
    pub name: String,
    /// `quarter`, `tranche` or `support`.
    pub part: String,
    /// Number of the quarter or tranche; blank for support.
    pub period: String,
    /// Whether the part is closed: then what was paid stands.
    pub closed: bool,
    /// What is payable here: allocated, with the corrections that are paid with
    /// it, less what is held.
    pub allocated: Satang,
    /// What was received.
    pub received: Satang,
    /// Received less allocated.
    pub difference: Satang,
    /// Documents that told of it.
    pub documents: Vec<String>,
}

/// A part: what it is, and its number.
type MoneyPart = (&'static str, String);

/// Compares what was received of a round with its allocation: a line for each
/// main unit and part of which either says something.
pub fn compare(allocation: &Allocation, received: &[StatementLine]) -> Vec<ReceivedLine> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ours: BTreeMap<(String, MoneyPart), (Satang, bool)> = BTreeMap::new();
    for cup in &allocation.cups {
        names.insert(&cup.cup, &cup.name);
        for (part, payable) in open_parts(cup) {
            ours.insert((cup.cup.clone(), part), (payable, false));
        }
    }
    for part in &allocation.parts {
        let Some(closed) = &part.closed else { continue };
        let kind = match part.kind {
            PartKind::Quarter => PARTS[0],
            PartKind::Tranche => PARTS[1],
        };
        // A unit that has moved since was paid through the main unit of then.
        ours.retain(|(_, of), _| *of != (kind, part.part.clone()));
        for cup in &closed.cups {
            ours.insert((cup.cup.clone(), (kind, part.part.clone())), (cup.paid, true));
        }
    }
    let mut theirs: BTreeMap<(String, MoneyPart), (Satang, BTreeSet<&str>)> = BTreeMap::new();
    for line in received {
        let Some(part) = PARTS.iter().find(|part| **part == line.part) else { continue };
        let known = theirs.entry((line.cup.clone(), (part, line.period.clone()))).or_default();
        known.0 += Satang(line.amount);
        known.1.extend(Some(line.document.as_str()).filter(|document| !document.is_empty()));
    }
    let both: BTreeSet<&(String, MoneyPart)> = ours.keys().chain(theirs.keys()).collect();
    let lines = both.into_iter().map(|of| {
        let (cup, (part, period)) = of;
        let (allocated, closed) = ours.get(of).copied().unwrap_or_default();
        let (received, documents) = theirs.get(of).cloned().unwrap_or_default();
        ReceivedLine {
            name: names.get(cup.as_str()).map_or(String::new(), |name| (*name).to_owned()),
            cup: cup.clone(),
            part: (*part).to_owned(),
            period: period.clone(),
            closed,
            allocated,
            received,
            difference: received - allocated,
            documents: documents.into_iter().map(str::to_owned).collect(),
        }
    });
    let nothing = |line: &ReceivedLine| {
        line.allocated == Satang::ZERO && line.received == Satang::ZERO && !line.closed
    };
    lines.filter(|line| !nothing(line)).collect()
}

/// What is payable of each part of a main unit, as if none were closed.
fn open_parts(cup: &CupMoney) -> BTreeMap<MoneyPart, Satang> {
    let mut parts: BTreeMap<MoneyPart, Satang> = BTreeMap::new();
    let mut add = |part: MoneyPart, amount: Satang| *parts.entry(part).or_default() += amount;
    for unit in &cup.units {
        for (quarter, money) in &unit.money.volume {
            add((PARTS[0], quarter.clone()), money.amount - money.held);
            for with in &money.settled.corrections {
                add((PARTS[0], quarter.clone()), with.amount - with.held);
            }
        }
        for (tranche, money) in &unit.money.performance {
            add((PARTS[1], tranche.clone()), money.earned - money.held);
            for with in &money.settled.corrections {
                add((PARTS[1], tranche.clone()), with.amount - with.held);
            }
        }
    }
    add((PARTS[2], String::new()), cup.sums.support);
    parts
}
