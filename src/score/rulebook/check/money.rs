//! Checks of money: pools and their parts add up, and unearned money is not lost.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::Rulebook;
use super::super::money::{Bound, Pool, SharedBy};
use super::mistakes::{MOST, Mistakes, periods, sum};

pub(super) fn check(book: &Rulebook, m: &mut Mistakes) {
    let money = &book.money;
    m.unless(!money.source.trim().is_empty(), "money.source", "is blank");
    let mut seen = BTreeSet::new();
    for pool in &money.pools {
        let key = format!("money.{}", pool.part);
        m.unless(seen.insert(&pool.part), &key, "stands twice");
        m.unless(!pool.source.trim().is_empty(), &format!("{key}.source"), "is blank");
        let positive = pool.per_head > Decimal::ZERO;
        m.unless(positive, &format!("{key}.per_head"), "must be more than nothing");
        let shareable = !pool.by_results && pool.shared_by == SharedBy::Heads;
        let what = "is for a pool that is shared by heads and not paid by results";
        m.unless(!pool.shared_out || shareable, &format!("{key}.shared_out"), what);
        let what = format_args!("must be at most {MOST}");
        m.unless(pool.per_head <= MOST, &format!("{key}.per_head"), what);
        parts(pool, &key, m);
        unearned(book, pool, &key, m);
    }
    let total = |by_results: bool| {
        let pools = money.pools.iter().filter(|pool| pool.by_results || !by_results);
        sum(pools.map(|pool| pool.per_head))
    };
    for (key, said, total) in [
        ("money.by_results", money.by_results, total(true)),
        ("money.per_head", money.per_head, total(false)),
    ] {
        // What is out of all bounds has been told with its pool.
        let Some(total) = total else { continue };
        m.unless(said == total, key, format_args!("is {said}, but its pools add up to {total}"));
    }
    periods("money.quarter", &money.quarters, book, m);
}

fn parts(pool: &Pool, key: &str, m: &mut Mistakes) {
    let key = format!("{key}.parts");
    for part in &pool.parts {
        let right = Decimal::ZERO <= part.per_head && part.per_head <= MOST;
        let what = format_args!("{}: must be from nothing to {MOST}", part.name);
        m.unless(right, &key, what);
    }
    let Some(total) = sum(pool.parts.iter().map(|part| part.per_head)) else { return };
    let right = pool.parts.is_empty() || total == pool.per_head;
    m.unless(right, &key, format_args!("add up to {total}, not to {}", pool.per_head));
}

/// Money that a pool limited to at most its amount does not pay out goes to a pool
/// that pays at least its amount.
fn unearned(book: &Rulebook, pool: &Pool, key: &str, m: &mut Mistakes) {
    let key = format!("{key}.unearned_to");
    match (&pool.unearned_to, pool.bound) {
        (None, Bound::Most) => m.add(&key, "is needed where the bound is most"),
        (Some(_), Bound::Least | Bound::Exact) => {
            m.add(&key, "means nothing unless the bound is most");
        }
        (Some(to), Bound::Most) => {
            let takes = book.money.pool(to).is_some_and(|other| other.bound == Bound::Least);
            m.unless(takes, &key, format_args!("{to} is no pool that may grow"));
        }
        (None, _) => {}
    }
}
