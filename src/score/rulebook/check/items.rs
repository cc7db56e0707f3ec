//! Checks of items: each has the keys that its kind needs, and no others.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::{DaySpan, Item, ItemKind, Rulebook};
use super::mistakes::{MOST, Mistakes};
use crate::score::rows::query;

/// Parameters that every query of items gets.
const GIVEN: [&str; 6] = ["from", "to", "as_of", "resident", "late", "late_from"];

pub(super) fn check(book: &Rulebook, m: &mut Mistakes) {
    m.unless(!book.points.is_empty(), "points", "there is no item");
    let mut seen = BTreeSet::new();
    for item in &book.points {
        let key = format!("points.{}", item.item);
        m.unless(seen.insert(&item.item), &key, "stands twice");
        for (name, text) in
            [("item", &item.item), ("th", &item.th), ("en", &item.en), ("source", &item.source)]
        {
            m.unless(!text.trim().is_empty(), &format!("{key}.{name}"), "is blank");
        }
        worth(item, &key, m);
        keys(item, &key, m);
        rows(item, &key, m);
        windows(item, &key, book.window, m);
    }
}

fn worth(item: &Item, key: &str, m: &mut Mistakes) {
    if item.kind == ItemKind::Delay {
        let right = item.points.is_zero();
        m.unless(right, &format!("{key}.points"), "delay has steps instead");
    } else {
        amount(item.points, &format!("{key}.points"), m);
    }
    for (index, step) in item.steps.iter().enumerate() {
        let key = format!("{key}.steps[{}]", index + 1);
        amount(step.points, &format!("{key}.points"), m);
        let after = index == 0 || item.steps[index - 1].days < step.days;
        m.unless(after && step.days >= 0, &format!("{key}.days"), "the shortest delay comes first");
    }
}

fn amount(points: Decimal, key: &str, m: &mut Mistakes) {
    m.unless(points > Decimal::ZERO, key, "must be more than nothing");
    m.unless(points <= MOST, key, format_args!("must be at most {MOST}"));
    m.unless(points.normalize().scale() <= 2, key, "has more than two places");
}

/// Keys that only some kinds have are given for those kinds and no others.
fn keys(item: &Item, key: &str, m: &mut Mistakes) {
    let mut belongs = |name: &str, kind: ItemKind, there: bool| {
        let what = match (item.kind == kind, there) {
            (true, false) => "is needed for this kind",
            (false, true) => "means nothing for this kind",
            _ => return,
        };
        m.add(&format!("{key}.{name}"), what);
    };
    belongs("sent", ItemKind::Register, item.sent.is_some());
    belongs("least", ItemKind::SecondCare, item.least.is_some());
    belongs("steps", ItemKind::Delay, !item.steps.is_empty());
    belongs("rounds", ItemKind::Survey, !item.rounds.is_empty());
    if item.kind != ItemKind::Delay && item.forwarded.is_some() {
        m.add(&format!("{key}.forwarded"), "means nothing for this kind");
    }
    m.unless(item.least.is_none_or(|least| least > 0), &format!("{key}.least"), "is not positive");
}

/// The query exists, and is given exactly the parameters that it names.
fn rows(item: &Item, key: &str, m: &mut Mistakes) {
    let Some(sql) = query(&item.rows) else {
        m.add(&format!("{key}.rows"), format_args!("there is no schema/score/{}.sql", item.rows));
        return;
    };
    let named = parameters(sql);
    for name in &named {
        let known = GIVEN.contains(&name.as_str()) || item.params.contains_key(name);
        m.unless(known, &format!("{key}.params"), format_args!("{name} is needed"));
    }
    for name in item.params.keys() {
        let known = named.contains(name);
        m.unless(known, &format!("{key}.params"), format_args!("the query has no :{name}"));
    }
}

/// Names of the parameters of a query, without their colons.
fn parameters(sql: &str) -> BTreeSet<String> {
    let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let mut names = BTreeSet::new();
    for line in code {
        for part in line.split(':').skip(1) {
            let name: String =
                part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            names.extend(Some(name).filter(|name| !name.is_empty()));
        }
    }
    names
}

/// Windows are ordered and lie in the round, surveys of an age do not overlap.
fn windows(item: &Item, key: &str, round: DaySpan, m: &mut Mistakes) {
    let mut inside = |key: &str, days: DaySpan| {
        m.unless(days.from <= days.to, key, "ends before it begins");
        let inside = round.contain(days.from) && round.contain(days.to);
        m.unless(inside, key, "does not lie in the round");
    };
    if let Some(sent) = item.sent {
        inside(&format!("{key}.sent"), sent);
    }
    for (index, survey) in item.rounds.iter().enumerate() {
        inside(&format!("{key}.rounds[{}]", index + 1), survey.days());
    }
    for (index, survey) in item.rounds.iter().enumerate() {
        let key = format!("{key}.rounds[{}]", index + 1);
        let [young, old] = survey.ages;
        m.unless(0 <= young && young <= old, &format!("{key}.ages"), "are out of order");
        let overlaps = item.rounds[..index].iter().any(|other| {
            other.from <= survey.to
                && survey.from <= other.to
                && other.ages[0] <= old
                && young <= other.ages[1]
        });
        m.unless(!overlaps, &key, "overlaps with a survey before it");
    }
}
