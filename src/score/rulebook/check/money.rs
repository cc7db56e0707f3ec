//! Money: pools and their parts add up, and nothing unearned is lost.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::Rulebook;
use super::super::money::{Bound, Pool, SharedBy};
use super::{Mistakes, periods};

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
        parts(pool, &key, m);
        unearned(book, pool, &key, m);
    }
    let sum = |by_results: bool| -> Decimal {
        let pools = money.pools.iter().filter(|pool| pool.by_results || !by_results);
        pools.map(|pool| pool.per_head).sum()
    };
    for (key, said, sum) in [
        ("money.by_results", money.by_results, sum(true)),
        ("money.per_head", money.per_head, sum(false)),
    ] {
        m.unless(said == sum, key, format_args!("is {said}, but its pools add up to {sum}"));
    }
    periods("money.quarter", &money.quarters, book, m);
}

fn parts(pool: &Pool, key: &str, m: &mut Mistakes) {
    let sum: Decimal = pool.parts.iter().map(|part| part.per_head).sum();
    let right = pool.parts.is_empty() || sum == pool.per_head;
    let what = format_args!("add up to {sum}, not to {}", pool.per_head);
    m.unless(right, &format!("{key}.parts"), what);
}

/// What a pool that is paid at most does not pay goes to one that is paid at
/// least its amount.
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
