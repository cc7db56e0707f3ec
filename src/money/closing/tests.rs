use std::collections::BTreeMap;

use proptest::prelude::*;

use super::close::{Payee, figures};
use super::settle::settle;
use super::*;
use crate::money::Hundredths;
use crate::money::allocate::{Allocated, UnitMoney, allocate};
use crate::money::holds::ActiveHolds;
use crate::money::terms::{
    AllocationFacts, ItemPoints, MoneyRules, QualityMark, Support, Tranche, UnitFacts,
    WeightedPeriod,
};
use crate::store::{Closing, Hold, HoldAction, HoldOf, Paid, PaidOn, PartOf};

fn terms(volume: i64, quarters: [&str; 4]) -> MoneyRules {
    let period = |id: &str| WeightedPeriod { id: id.to_owned(), weight: 1 };
    let tranche = |id: &str, quarters: &[&str]| Tranche {
        period: period(id),
        quarters: quarters.iter().map(|id| period(id)).collect(),
    };
    MoneyRules {
        volume: Satang(volume),
        performance: Satang(300),
        support: vec![Support { name: "all".into(), per_head: Satang(81), shared_out: true }],
        tranches: vec![tranche("1", &quarters[..2]), tranche("2", &quarters[2..])],
    }
}

const QUARTERS: [&str; 4] = ["1", "2", "3", "4"];

/// A unit with one item's points by quarter and a quality score by tranche, of
/// a highest score of 10.00.
fn unit(heads: u64, points: [u64; 4], scores: [u64; 2]) -> UnitFacts {
    let items = |points: u64| ItemPoints::from([("OP".to_owned(), points)]);
    let mark = |score| QualityMark { score, max: 1000 };
    UnitFacts {
        heads,
        points: QUARTERS.iter().zip(points).map(|(id, of)| ((*id).to_owned(), items(of))).collect(),
        quality: ["1", "2"]
            .iter()
            .zip(scores)
            .map(|(id, of)| ((*id).to_owned(), mark(of)))
            .collect(),
    }
}

fn facts(units: &[(&str, UnitFacts)]) -> AllocationFacts {
    units.iter().map(|(hcode, unit)| ((*hcode).to_owned(), unit.clone())).collect()
}

fn part(kind: PartKind, part: &str) -> PartOf {
    PartOf { round: 2557, kind, part: part.to_owned() }
}

fn paid_of(of: &PartOf, done: &Allocated) -> Paid {
    let on = PaidOn {
        submission: 0,
        rulebook: String::new(),
        rulebook_file: String::new(),
        rulebook_text: String::new(),
        population: String::new(),
        registry: None,
        units: String::new(),
        program: String::new(),
        heads: 0,
        holds: Vec::new(),
    };
    let payees = done.units.iter().map(|(hcode, money)| Payee { hcode, name: "", cup: "", money });
    figures(of, on, &done.pools, payees)
}

/// A province whose parts are closed and taken up again.
struct Province {
    terms: MoneyRules,
    facts: AllocationFacts,
    holds: Vec<Hold>,
    closings: Vec<Closing>,
}

impl Province {
    fn new(facts: AllocationFacts) -> Self {
        Self { terms: terms(1428, QUARTERS), facts, holds: Vec::new(), closings: Vec::new() }
    }

    fn plain(&self) -> Allocated {
        let plain = allocate(&self.terms, &self.facts, &ActiveHolds::new(&self.holds));
        plain.prove().unwrap();
        plain
    }

    fn now(&self) -> Allocated {
        settle(&self.terms, &self.plain(), &self.closings).unwrap()
    }

    fn is_closed(&self, of: &PartOf) -> bool {
        self.closings.iter().any(|c| c.paid.of == *of && c.reopened.is_none())
    }

    fn close(&mut self, kind: PartKind, id: &str) {
        let of = part(kind, id);
        if self.is_closed(&of) {
            return;
        }
        let paid = paid_of(&of, &self.now());
        let (at, by) = (String::new(), String::new());
        let (id, digest) = (self.closings.len() as i64, String::new());
        self.closings.push(Closing { id, at, by, paid, cups: vec![], digest, reopened: None });
    }

    fn reopen(&mut self, kind: PartKind, id: &str) {
        let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
        let of = part(kind, id);
        for closing in self.closings.iter_mut().filter(|c| c.paid.of == of) {
            closing.reopened = Some(deed.clone());
        }
    }
}

fn lines(of: &[Correction]) -> Vec<(&str, i64, i64)> {
    of.iter().map(|line| (line.of.as_str(), line.amount.0, line.held.0)).collect()
}

use PartKind::{Quarter, Tranche as Half};

/// Two units of 5 heads each, nobody with quality: volume 142.80, a quarter
/// 35.70; performance 30.00, of which 7.50 joins each quarter: 43.20.
#[test]
fn what_is_different_later_goes_into_the_next_open_part() {
    let both = |a, b| facts(&[("a", unit(5, a, [0, 0])), ("b", unit(5, b, [0, 0]))]);
    let mut of = Province::new(both([100, 100, 0, 0], [100, 100, 0, 0]));
    of.close(Quarter, "1");
    // 43.20 by halves. Then a sends more of quarter 1: 300 of 400 is 32.40.
    of.facts = both([300, 100, 0, 0], [100, 100, 0, 0]);
    let now = of.now();
    let (a, b) = (&now.units["a"], &now.units["b"]);
    assert_eq!((a.volume["1"].amount, a.volume["1"].points), (Satang(2160), Hundredths(100)));
    let wanted = Now { amount: Satang(3240), held: Satang(0) };
    assert_eq!((a.volume["1"].settled.closed, a.volume["1"].settled.now), (true, Some(wanted)));
    assert_eq!(lines(&a.volume["2"].settled.corrections), [("1", 1080, 0)]);
    assert_eq!(lines(&b.volume["2"].settled.corrections), [("1", -1080, 0)]);
    assert_eq!((a.volume["2"].amount, a.volume["2"].settled.closed), (Satang(2160), false));
    assert_eq!((a.sums.paid, a.sums.due), (Satang(2160), a.sums.payable - Satang(2160)));

    // Quarter 2 is paid with the correction, and is right from then on.
    of.close(Quarter, "2");
    let now = of.now();
    assert_eq!(lines(&now.units["a"].volume["2"].settled.corrections), [("1", 1080, 0)]);
    assert!(now.units["a"].volume["3"].settled.corrections.is_empty());
    assert_eq!(now.units["a"].sums.paid, Satang(2160 + 2160 + 1080));

    // Back again: minus 10.80 of quarter 1, carried into quarter 3.
    of.facts = both([100, 100, 0, 0], [100, 100, 0, 0]);
    let now = of.now();
    assert_eq!(lines(&now.units["a"].volume["3"].settled.corrections), [("1", -1080, 0)]);

    // With every quarter closed nothing is left to put it right with.
    of.close(Quarter, "3");
    of.close(Quarter, "4");
    of.facts = both([300, 100, 0, 0], [100, 100, 0, 0]);
    let now = of.now();
    assert_eq!(lines(&now.units["a"].outstanding), [("1", 1080, 0)]);
    assert_eq!(now.units["b"].sums.due - now.units["b"].sums.support, Satang(-1080));
    assert_eq!(now.pools.outstanding, [], "between units; the pool is what it was");
}

#[test]
fn the_two_kinds_are_put_right_by_themselves() {
    let of_a = |scores| facts(&[("a", unit(10, [100, 100, 100, 100], scores))]);
    let mut of = Province::new(of_a([0, 0]));
    // 15.00 unearned of tranche 1: 7.50 to each of its quarters.
    of.close(Quarter, "1");
    of.close(Half, "1");
    of.facts = of_a([500, 0]);
    // Half of 15.00 is earned after all: it is due with tranche 2; quarter 1
    // had 3.75 too much, due with quarter 2, which itself is counted as it is.
    let now = of.now();
    let a = &now.units["a"];
    assert_eq!(a.performance["1"].earned, Satang(0));
    assert_eq!(lines(&a.performance["2"].settled.corrections), [("1", 750, 0)]);
    assert_eq!(a.volume["1"].amount, Satang(3570 + 750));
    assert_eq!(lines(&a.volume["2"].settled.corrections), [("1", -375, 0)]);
    assert_eq!(a.volume["2"].amount, Satang(3570 + 375));
    let left: Vec<_> = now.pools.tranches["2"]
        .settled
        .corrections
        .iter()
        .map(|c| (c.shared.0, c.unshared.0))
        .collect();
    assert_eq!(left, [(750, -750)]);
    let total = now.total();
    assert_eq!(total.volume + total.performance, Satang(14_280 + 3_000));
}

#[test]
fn a_hold_that_ends_after_payment_is_put_right_too() {
    let mut of = Province::new(facts(&[("a", unit(10, [100, 100, 0, 0], [0, 0]))]));
    let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
    let (hcode, item, tranche) = ("a".to_owned(), "OP".to_owned(), "1".to_owned());
    let held = HoldOf { round: 2557, hcode, item, tranche, share: 10_000 };
    of.holds.push(Hold { id: 1, of: held, held: deed.clone(), released: None });
    of.close(Quarter, "1");
    assert_eq!(of.now().units["a"].sums.paid, Satang(0));
    of.holds[0].released = Some(deed);
    let now = of.now();
    assert_eq!(lines(&now.units["a"].volume["2"].settled.corrections), [("1", 0, -4320)]);
    assert_eq!(
        (now.units["a"].volume["1"].held, now.units["a"].sums.held),
        (Satang(4320), Satang(0))
    );
}

#[test]
fn a_part_that_the_rulebook_no_longer_has_stays_paid() {
    let mut of = Province::new(facts(&[("a", unit(10, [100, 100, 100, 100], [0, 0]))]));
    of.close(Quarter, "1");
    of.terms = terms(1428, ["11", "2", "3", "4"]);
    let now = of.now();
    assert_eq!(now.units["a"].volume["1"].amount, Satang(4320));
    assert_eq!(lines(&now.units["a"].volume["2"].settled.corrections), []);
    assert_eq!(lines(&now.units["a"].volume["11"].settled.corrections), [("1", -4320, 0)]);
}

#[derive(Debug, Clone)]
enum Step {
    Close(PartKind, usize),
    Reopen(PartKind, usize),
    Facts(AllocationFacts),
    Rate(i64),
    Hold(String, String, String, u32),
    Release(prop::sample::Index),
}

prop_compose! {
    fn any_facts()(
        units in prop::collection::btree_map(
            "[a-d]",
            (0..9u64, prop::array::uniform4(0..400u64), prop::array::uniform2(0..=1000u64)),
            0..4,
        ),
    ) -> AllocationFacts {
        units.into_iter().map(|(hcode, (heads, points, scores))| (hcode, unit(heads, points, scores))).collect()
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = || prop::sample::select(vec![Quarter, Half]);
    prop_oneof![
        4 => (kind(), 0..4usize).prop_map(|(kind, at)| Step::Close(kind, at)),
        1 => (kind(), 0..4usize).prop_map(|(kind, at)| Step::Reopen(kind, at)),
        4 => any_facts().prop_map(Step::Facts),
        1 => (1..3000i64).prop_map(Step::Rate),
        1 => ("[a-d]", "OP|PERFORMANCE|ALL", "1|2", 1..=10_000u32)
            .prop_map(|(a, b, c, d)| Step::Hold(a, b, c, d)),
        1 => any::<prop::sample::Index>().prop_map(Step::Release),
    ]
}

/// Money of a unit of all parts, what is put right, and what is not yet: added
/// up without knowing how it was made.
fn everything(unit: &UnitMoney) -> (i64, i64) {
    let volume = unit.volume.values().map(|m| (m.amount, m.held, &m.settled.corrections));
    let performance = unit.performance.values().map(|m| (m.earned, m.held, &m.settled.corrections));
    let mut sum = (0, 0);
    for (amount, held, corrections) in volume.chain(performance) {
        sum.0 += amount.0;
        sum.1 += held.0;
        for line in corrections {
            sum.0 += line.amount.0;
            sum.1 += line.held.0;
        }
    }
    for line in &unit.outstanding {
        sum.0 += line.amount.0;
        sum.1 += line.held.0;
    }
    sum
}

proptest! {
    #[test]
    fn what_was_paid_never_changes_and_all_parts_are_what_is_computed_at_the_end(
        first in any_facts(),
        steps in prop::collection::vec(any_step(), 1..24),
    ) {
        let mut of = Province::new(first);
        let mut seen: BTreeMap<i64, Paid> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Close(Quarter, at) => of.close(Quarter, QUARTERS[at]),
                Step::Close(Half, at) => of.close(Half, QUARTERS[at % 2]),
                Step::Reopen(Quarter, at) => of.reopen(Quarter, QUARTERS[at]),
                Step::Reopen(Half, at) => of.reopen(Half, QUARTERS[at % 2]),
                Step::Facts(facts) => of.facts = facts,
                Step::Rate(rate) => of.terms.volume = Satang(rate),
                Step::Hold(hcode, item, tranche, share) => {
                    let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
                    let held = HoldOf { round: 2557, hcode, item, tranche, share };
                    let id = of.holds.len() as i64;
                    of.holds.push(Hold { id, of: held, held: deed, released: None });
                }
                Step::Release(at) if !of.holds.is_empty() => {
                    let at = at.index(of.holds.len());
                    let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
                    of.holds[at].released = Some(deed);
                }
                Step::Release(_) => {}
            }
            let (plain, now) = (of.plain(), of.now());
            for closing in of.closings.iter().filter(|c| c.reopened.is_none()) {
                // What is shown of it is what was paid, to the last line.
                let shown = paid_of(&closing.paid.of, &now);
                let with_money = |paid: &Paid| {
                    let all = paid.units.iter().filter(|u| u.amount != 0 || u.points != 0);
                    all.map(|u| (u.hcode.clone(), u.amount, u.held, u.points)).collect::<Vec<_>>()
                };
                prop_assert_eq!(with_money(&shown), with_money(&closing.paid));
                let by_part = |paid: &Paid| {
                    let mut lines = paid.corrections.clone();
                    lines.sort_by(|a, b| (&a.part, &a.hcode).cmp(&(&b.part, &b.hcode)));
                    lines
                };
                prop_assert_eq!(by_part(&shown), by_part(&closing.paid));
                prop_assert_eq!(&shown.pool.own, &closing.paid.pool.own);
                prop_assert_eq!(&shown.pool.shared, &closing.paid.pool.shared);
                let before = seen.entry(closing.id).or_insert_with(|| closing.paid.clone());
                prop_assert_eq!(&*before, &closing.paid);
            }
            for (hcode, unit) in &now.units {
                let wanted = plain.units.get(hcode).map(everything).unwrap_or_default();
                prop_assert_eq!(everything(unit), wanted, "{}", hcode);
                prop_assert_eq!(unit.sums.paid + unit.sums.due, unit.sums.payable);
                let money = plain.units.get(hcode).map(|unit| unit.sums).unwrap_or_default();
                prop_assert_eq!(unit.sums.amount, money.amount);
            }
        }
    }
}
