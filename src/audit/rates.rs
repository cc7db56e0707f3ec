//! Rates against peers, in exact whole numbers: a modified z (Iglewicz and
//! Hoaglin: 0.6745 (x − median) ÷ MAD) together with a ratio to the median.
//! Mean and standard deviation are not used: in a small group an outlier hides
//! itself, for with eight units its z cannot pass 2.47.
//!
//! Peers are units of the same class. Of too few of them the wider class is
//! taken; of too few of those only a ceiling is looked at.

use std::collections::BTreeMap;

use serde::Serialize;

use super::limit::{Millionths, ONE, Threshold};
use super::rule::{AuditRule, CaseSeverity};

/// A unit's rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The unit.
    pub hcode: String,
    /// Which of several rates of a rule; blank where there is one.
    pub part: String,
    /// Counted.
    pub numerator: u64,
    /// Of so many.
    pub denominator: u64,
}

impl Rate {
    /// In millionths, rounded down; none of nothing.
    pub fn millionths(&self) -> Option<i64> {
        let rate =
            (u128::from(self.numerator) * ONE as u128).checked_div(u128::from(self.denominator))?;
        i64::try_from(rate).ok()
    }
}

/// Against whom a rate was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Peers {
    /// Which of several rates of a rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// Their class.
    pub group: String,
    /// How many they are, the unit among them.
    pub n: usize,
    /// The unit's own rate.
    pub rate: Millionths,
    /// Median of the rates; of an even number the lower one.
    pub median: Millionths,
    /// Median of the distances from it, at least a twentieth of the median.
    pub mad: Millionths,
    /// The unit's modified z; nothing below the median.
    pub z: Millionths,
}

/// What a rate comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The rate.
    pub rate: Rate,
    /// How bad it is, if it is.
    pub severity: Option<CaseSeverity>,
    /// Its peers, where there are enough of them.
    pub peers: Option<Peers>,
    /// Whether nothing could be said: too few peers, and no limit of its own.
    pub alone: bool,
}

/// Classes of units: the class and the wider one of a unit's type.
#[derive(Debug, Clone, Default)]
pub struct Classes {
    /// By type of unit.
    pub by_type: BTreeMap<String, (String, String)>,
}

/// Units of a type that the list does not name.
const OTHER: &str = "other";

impl Classes {
    /// The class and the wider class of a type of unit.
    pub fn class_of(&self, kind: &str) -> (&str, &str) {
        self.by_type.get(kind).map_or((OTHER, OTHER), |(class, wider)| (class, wider))
    }
}

/// Judges the rates of a rule; `kind` tells the type of a unit.
pub fn judge(
    rule: &AuditRule,
    rates: &[Rate],
    classes: &Classes,
    kind: &dyn Fn(&str) -> String,
) -> Vec<Judged> {
    let class = |rate: &Rate| {
        let (class, wider) = classes.class_of(&kind(&rate.hcode));
        (class.to_owned(), wider.to_owned())
    };
    let of: Vec<(String, String)> = rates.iter().map(class).collect();
    let group = |part: &str, wider: bool, name: &str| -> Vec<i64> {
        let with = rates.iter().zip(&of).filter(|(rate, (class, more))| {
            rate.part == part && if wider { more == name } else { class == name }
        });
        with.filter_map(|(rate, _)| rate.millionths()).collect()
    };
    let mut judged = Vec::new();
    for (rate, (class, wider)) in rates.iter().zip(&of) {
        let Some(own) = rate.millionths() else { continue };
        let mut peers = None;
        for (wide, name) in [(false, class), (true, wider)] {
            let of_group = group(&rate.part, wide, name);
            if of_group.len() >= rule.peers_least {
                peers = Some(against(&rate.part, name, own, of_group));
                break;
            }
        }
        judged.push(of_rule(rule, rate, class, peers));
    }
    judged
}

/// A rate against those of a group, its own among them.
fn against(part: &str, group: &str, own: i64, mut rates: Vec<i64>) -> Peers {
    let median = lower_median(&mut rates);
    let mut distances: Vec<i64> = rates.iter().map(|rate| (rate - median).abs()).collect();
    // Equal peers do not make everything suspicious.
    let mad = lower_median(&mut distances).max(median / 20).max(1);
    let above = i128::from((own - median).max(0));
    let z = above * 6745 * i128::from(ONE) / (10_000 * i128::from(mad));
    Peers {
        part: part.to_owned(),
        group: group.to_owned(),
        n: rates.len(),
        rate: Millionths(own),
        median: Millionths(median),
        mad: Millionths(mad),
        z: Millionths(i64::try_from(z).unwrap_or(i64::MAX)),
    }
}

/// The middle one; of an even number the lower. There is at least one.
fn lower_median(numbers: &mut [i64]) -> i64 {
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

fn of_rule(rule: &AuditRule, rate: &Rate, class: &str, peers: Option<Peers>) -> Judged {
    let own = rate.millionths().unwrap_or(0);
    let far = |limit: &Threshold| match (limit.z, limit.ratio, &peers) {
        (Some(z), Some(ratio), Some(peers)) => is_far(own, peers, z, ratio),
        _ => false,
    };
    let over = |limit: &Threshold| {
        limit.rate.is_some_and(|most| {
            let (n, d) = (u128::from(rate.numerator), u128::from(rate.denominator));
            let excess = rate.numerator.saturating_sub(rate.denominator);
            n * ONE as u128 > most.0 as u128 * d && limit.excess.is_none_or(|least| excess >= least)
        })
    };
    let of_class = rule
        .ceiling
        .as_ref()
        .filter(|ceiling| ceiling.class.as_ref().is_none_or(|named| named == class));
    let ceiling =
        of_class.map(|ceiling| ceiling.rate).or_else(|| rule.ceilings.get(&rate.part).copied());
    let passes = ceiling.is_some_and(|most| {
        u128::from(rate.numerator) * ONE as u128 > most.0 as u128 * u128::from(rate.denominator)
    });
    let reached =
        |limit: &Option<Threshold>| limit.is_some_and(|limit| far(&limit) || over(&limit));
    let severity = if passes || reached(&rule.hold) {
        Some(CaseSeverity::Hold)
    } else if reached(&rule.warn) {
        Some(CaseSeverity::Warn)
    } else {
        None
    };
    let by_peers = [rule.hold, rule.warn].iter().flatten().any(|limit| limit.z.is_some());
    let alone = by_peers && peers.is_none() && ceiling.is_none();
    Judged { rate: rate.clone(), severity, peers, alone }
}

/// Further than z from the median, and at least so many times it. Of a median
/// of nought nothing is so many times: where most peers have none, whoever has
/// any would be far from them.
fn is_far(own: i64, peers: &Peers, z: Millionths, ratio: Millionths) -> bool {
    let (median, mad) = (i128::from(peers.median.0), i128::from(peers.mad.0));
    let (own, one) = (i128::from(own), i128::from(ONE));
    6745 * (own - median) * one > i128::from(z.0) * 10_000 * mad
        && own * one >= i128::from(ratio.0) * median
        && own > median
        && median > 0
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod tests;
