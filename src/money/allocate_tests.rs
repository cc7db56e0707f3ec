use proptest::prelude::*;

use super::*;
use crate::money::terms::{ItemPoints, QualityMark, Support, WeightedPeriod};
use crate::store::{Hold, HoldAction, HoldOf};

fn period(id: &str) -> WeightedPeriod {
    WeightedPeriod { id: id.to_owned(), weight: 1 }
}

/// [OPPP-2557 s. 44-46].
fn terms() -> MoneyRules {
    let tranche = |id: &str, quarters: [&str; 2]| Tranche {
        period: period(id),
        quarters: quarters.map(period).to_vec(),
    };
    let support =
        |name: &str, per_head| Support { name: name.to_owned(), per_head, shared_out: false };
    MoneyRules {
        volume: Satang(1428),
        performance: Satang(300),
        support: vec![support("whole", Satang(27)), support("region", Satang(54))],
        tranches: vec![tranche("1", ["1", "2"]), tranche("2", ["3", "4"])],
    }
}

fn items(all: &[(&str, u64)]) -> ItemPoints {
    all.iter().map(|(item, points)| ((*item).to_owned(), *points)).collect()
}

fn unit(heads: u64, points: &[(&str, ItemPoints)], marks: &[(&str, u64, u64)]) -> UnitFacts {
    let points = points.iter().map(|(quarter, items)| ((*quarter).to_owned(), items.clone()));
    let mark = |score, max| QualityMark { score, max };
    let quality = marks.iter().map(|(id, score, max)| ((*id).to_owned(), mark(*score, *max)));
    UnitFacts { heads, points: points.collect(), quality: quality.collect() }
}

fn hold(item: &str, tranche: &str, share: u32) -> Hold {
    let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
    let (item, tranche) = (item.to_owned(), tranche.to_owned());
    let of = HoldOf { round: 2557, hcode: "b".to_owned(), item, tranche, share };
    Hold { id: 1, of, held: deed, released: None }
}

/// Two units with 3 and 7 heads, worked out by hand:
///
/// volume 10 × 14.28 = 142.80, a quarter 35.70; performance 10 × 3.00 = 30.00,
/// a tranche 15.00, ceilings 4.50 and 10.50.
/// Tranche 1: a earns 2/3 of 4.50 = 3.00; b 1/7 of 10.50 = 1.50; unearned 10.50,
/// 5.25 to each of quarters 1 and 2: 40.95.
/// Quarter 1: points 2.00 : 1.00, so 27.30 and 13.65; b's from OP 0.75 and EPI
/// 0.25: 10.2375 and 3.4125, the satang left to the larger fraction (OP).
/// Quarter 2: nobody has points: 40.95 is left.
/// Tranche 2: nobody has quality: 15.00 joins quarters 3 and 4: 43.20 each, and
/// only b has points in 3, only a in 4.
#[test]
fn two_units_by_hand() {
    let facts = AllocationFacts::from([
        (
            "a".to_owned(),
            unit(
                3,
                &[("1", items(&[("OP", 200)])), ("4", items(&[("OP", 1)]))],
                &[("1", 200, 300)],
            ),
        ),
        (
            "b".to_owned(),
            unit(
                7,
                &[("1", items(&[("OP", 75), ("EPI", 25)])), ("3", items(&[("EPI", 5)]))],
                &[("1", 100, 700), ("2", 0, 0)],
            ),
        ),
    ]);
    let holds = [hold("EPI", "1", 5000), hold("PERFORMANCE", "1", 10_000)];
    let done = allocate(&terms(), &facts, &ActiveHolds::new(&holds));
    done.prove().unwrap();

    let pools = &done.pools;
    assert_eq!((pools.volume, pools.performance), (Satang(14_280), Satang(3_000)));
    assert_eq!(pools.support["whole"].amount, Satang(270));
    assert_eq!(pools.support["region"].amount, Satang(540));
    let quarter = |id: &str| {
        let pool = &pools.quarters[id];
        (pool.own.0, pool.joined.0, pool.shared.0, pool.unallocated.0)
    };
    assert_eq!(quarter("1"), (3570, 525, 4095, 0));
    assert_eq!(quarter("2"), (3570, 525, 0, 4095));
    assert_eq!(quarter("3"), (3570, 750, 4320, 0));
    assert_eq!(quarter("4"), (3570, 750, 4320, 0));

    let (a, b) = (&done.units["a"], &done.units["b"]);
    assert_eq!(a.performance["1"].earned, Satang(300));
    assert_eq!(b.performance["1"].earned, Satang(150));
    assert_eq!(b.performance["2"].earned, Satang(0));
    assert_eq!(a.volume["1"].amount, Satang(2730));
    assert_eq!(b.volume["1"].amount, Satang(1365));
    let of = |item: &str| (b.volume["1"].items[item].amount.0, b.volume["1"].items[item].held.0);
    assert_eq!((of("OP"), of("EPI")), ((1024, 0), (341, 171)));
    assert_eq!(b.volume["3"].items["EPI"].held, Satang(0));
    let sums = |unit: &UnitMoney| {
        let MoneySums { volume, performance, amount, held, payable, .. } = unit.sums;
        [volume, performance, amount, held, payable].map(|sum| sum.0)
    };
    assert_eq!(sums(a), [7050, 300, 7350, 0, 7350]);
    assert_eq!(sums(b), [5685, 150, 5835, 321, 5514]);
    assert_eq!(done.total().amount + done.unallocated(), Satang(17_280));
}

#[test]
fn no_heads_and_no_units_are_no_trouble() {
    let done = allocate(&terms(), &AllocationFacts::new(), &ActiveHolds::default());
    done.prove().unwrap();
    assert_eq!(done.total(), MoneySums::default());
    let facts =
        AllocationFacts::from([("a".to_owned(), unit(0, &[("1", items(&[("OP", 100)]))], &[]))]);
    let done = allocate(&terms(), &facts, &ActiveHolds::default());
    done.prove().unwrap();
    assert_eq!(done.total(), MoneySums::default());
}

fn any_items() -> impl Strategy<Value = ItemPoints> {
    let items = prop::sample::select(vec!["OP", "EPI", "PROC"]).prop_map(str::to_owned);
    prop::collection::btree_map(items, prop_oneof![0..3u64, 0..90_000u64], 0..4)
}

prop_compose! {
    fn any_unit()(
        heads in prop_oneof![0..4u64, 0..9_000u64],
        points in prop::collection::vec(any_items(), 4),
        marks in prop::collection::vec((0..2_000u64, 0..2_000u64), 2),
    ) -> UnitFacts {
        let points = points.into_iter().zip(1..).map(|(items, quarter)| (quarter.to_string(), items));
        let mark = |(a, b): (u64, u64)| QualityMark { score: a.min(b), max: a.max(b) };
        let quality = marks.into_iter().zip(1..).map(|(pair, id)| (id.to_string(), mark(pair)));
        UnitFacts { heads, points: points.collect(), quality: quality.collect() }
    }
}

fn any_facts() -> impl Strategy<Value = AllocationFacts> {
    prop::collection::btree_map("[a-c]{1,2}", any_unit(), 1..9)
}

proptest! {
    #[test]
    fn every_pool_adds_up_to_the_satang(
        facts in any_facts(),
        weights in prop::collection::vec(1..13u64, 6),
        share in 1..=10_000u32,
        item in prop::sample::select(vec!["OP", "PERFORMANCE", "ALL"]),
    ) {
        let mut terms = terms();
        let mut weights = weights.into_iter();
        for tranche in &mut terms.tranches {
            tranche.period.weight = weights.next().unwrap();
            for quarter in &mut tranche.quarters {
                quarter.weight = weights.next().unwrap();
            }
        }
        let holds = ActiveHolds::new(&[hold(item, "1", share)]);
        let done = allocate(&terms, &facts, &holds);
        prop_assert_eq!(done.prove(), Ok(()));
        let heads: u64 = facts.values().map(|unit| unit.heads).sum();
        prop_assert_eq!(done.total().amount + done.unallocated(), Satang(1728 * heads as i64));
        for unit in done.units.values() {
            prop_assert!(unit.sums.held.0 >= 0 && unit.sums.payable.0 >= 0);
        }
    }

    #[test]
    fn more_points_in_a_quarter_never_give_less_money(
        facts in any_facts(),
        who in any::<prop::sample::Index>(),
        gain in prop_oneof![1..3u64, 1..9_000u64],
    ) {
        let before = allocate(&terms(), &facts, &ActiveHolds::default());
        let mut facts = facts;
        let hcode = facts.keys().nth(who.index(facts.len())).unwrap().clone();
        let unit = facts.get_mut(&hcode).unwrap();
        *unit.points.get_mut("2").unwrap().entry("OP".to_owned()).or_default() += gain;
        let after = allocate(&terms(), &facts, &ActiveHolds::default());
        prop_assert!(after.units[&hcode].sums.amount >= before.units[&hcode].sums.amount);
        // Nothing else of anybody's changes but the money of that quarter.
        for (hcode, unit) in &after.units {
            prop_assert_eq!(&unit.performance, &before.units[hcode].performance);
            prop_assert_eq!(&unit.volume["1"], &before.units[hcode].volume["1"]);
        }
    }

    #[test]
    fn a_better_quality_score_never_earns_less(
        facts in any_facts(),
        who in any::<prop::sample::Index>(),
    ) {
        let before = allocate(&terms(), &facts, &ActiveHolds::default());
        let mut facts = facts;
        let hcode = facts.keys().nth(who.index(facts.len())).unwrap().clone();
        let mark = facts.get_mut(&hcode).unwrap().quality.get_mut("1").unwrap();
        mark.score = (mark.score + 25).min(mark.max);
        let after = allocate(&terms(), &facts, &ActiveHolds::default());
        let earned = |done: &Allocated| done.units[&hcode].performance["1"].earned;
        prop_assert!(earned(&after) >= earned(&before));
    }
}
