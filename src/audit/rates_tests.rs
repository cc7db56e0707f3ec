//! Tests of [`super`].

use proptest::prelude::*;

use super::*;
use crate::audit::RuleLibrary;

fn rate(number: usize, numerator: u64, denominator: u64) -> Rate {
    Rate { hcode: format!("{number:05}"), part: String::new(), numerator, denominator }
}

fn classes() -> Classes {
    let of = |class: &str, wider: &str| (class.to_owned(), wider.to_owned());
    let by_type = [
        ("18", of("primary", "primary")),
        ("07", of("community", "hospital")),
        ("05", of("general", "hospital")),
    ];
    Classes { by_type: by_type.map(|(kind, of)| (kind.to_owned(), of)).into() }
}

fn rule(id: &str) -> AuditRule {
    RuleLibrary::load(None).unwrap().rules.remove(id).unwrap()
}

fn severities(id: &str, rates: &[Rate], kind: &str) -> Vec<Option<CaseSeverity>> {
    let judged = judge(&rule(id), rates, &classes(), &|_| kind.to_owned());
    judged.into_iter().map(|judged| judged.severity).collect()
}

/// A peer group whose median is 1.00 and MAD 0.10, with one more unit.
fn with(numerator: u64) -> Vec<Rate> {
    let peers = [80, 90, 90, 100, 100, 100, 110, 110, 120];
    let peers = peers.iter().enumerate().map(|(n, rate_of)| rate(n, *rate_of, 100));
    peers.chain([rate(99, numerator, 100)]).collect()
}

#[test]
fn both_the_distance_and_the_ratio_are_needed() {
    // z = 0.6745 (x - 1.00) / 0.10: 3.5 at 1.519, 5.0 at 1.742, twice at 2.00.
    let table = [
        (100, None),
        (149, None),
        (151, None),
        (152, Some(CaseSeverity::Warn)),
        (199, Some(CaseSeverity::Warn)),
        (200, Some(CaseSeverity::Hold)),
        (1000, Some(CaseSeverity::Hold)),
    ];
    for (numerator, wanted) in table {
        let severity = *severities("op_utilisation", &with(numerator), "18").last().unwrap();
        assert_eq!(severity, wanted, "{numerator}");
    }
}

#[test]
fn too_few_peers_leave_the_ceiling_of_their_class() {
    let few: Vec<Rate> = with(700).into_iter().skip(4).collect();
    assert_eq!(few.len(), 6);
    assert_eq!(*severities("op_utilisation", &few, "18").last().unwrap(), Some(CaseSeverity::Hold));
    // The ceiling is one of health centres.
    let judged = judge(&rule("op_utilisation"), &few, &classes(), &|_| "07".to_owned());
    assert!(
        judged
            .iter()
            .all(|judged| judged.severity.is_none() && judged.alone && judged.peers.is_none())
    );
    let edge: Vec<Rate> =
        [600, 601].iter().enumerate().map(|(n, num)| rate(n, *num, 100)).collect();
    assert_eq!(severities("op_utilisation", &edge, "18"), [None, Some(CaseSeverity::Hold)]);
}

#[test]
fn of_too_few_of_a_class_the_wider_one_is_taken() {
    let rates = with(300);
    let kind = |hcode: &str| if hcode < "00004" { "05".to_owned() } else { "07".to_owned() };
    let judged = judge(&rule("op_utilisation"), &rates, &classes(), &kind);
    let last = judged.last().unwrap();
    assert_eq!(last.severity, Some(CaseSeverity::Hold));
    let peers = last.peers.clone().unwrap();
    assert_eq!(
        (peers.group.as_str(), peers.n, peers.median, peers.mad),
        ("hospital", 10, Millionths(ONE), Millionths(ONE / 10))
    );
    assert_eq!(peers.z.text(2), "13.49");
}

#[test]
fn a_count_against_what_is_known_has_a_rate_and_an_excess() {
    let table = [
        (1100, 1000, None),
        (1101, 1000, Some(CaseSeverity::Warn)),
        (1200, 1000, Some(CaseSeverity::Warn)),
        (1201, 1000, Some(CaseSeverity::Hold)),
        (199, 100, Some(CaseSeverity::Warn)),
        (200, 100, Some(CaseSeverity::Hold)),
        (5, 0, None),
    ];
    for (numerator, denominator, wanted) in table {
        let severity = severities("person_count", &[rate(1, numerator, denominator)], "18");
        assert_eq!(severity.first().copied().flatten(), wanted, "{numerator}/{denominator}");
    }
    assert_eq!(
        severities("ncd_over", &[rate(1, 149, 100), rate(2, 150, 100)], "18"),
        [None, Some(CaseSeverity::Hold)]
    );
    assert_eq!(severities("ncd_over", &[rate(1, 100, 100), rate(2, 120, 100)], "18"), [None; 2]);
}

#[test]
fn each_part_has_its_own_ceiling_and_peers() {
    let part = |part: &str, numerator| Rate { part: part.to_owned(), ..rate(1, numerator, 100) };
    let rates = [part("DM", 25), part("DM", 26), part("HT", 60), part("HT", 61)];
    let wanted = [None, Some(CaseSeverity::Hold), None, Some(CaseSeverity::Hold)];
    assert_eq!(severities("chronic_count", &rates, "18"), wanted);
}

proptest! {
    #[test]
    fn the_order_of_units_does_not_matter(
        numerators in prop::collection::vec(0_u64..5000, 8..40), seed in any::<u64>()
    ) {
        let rates: Vec<Rate> = numerators.iter().enumerate().map(|(n, num)| rate(n, *num, 1000)).collect();
        let mut turned = rates.clone();
        let by = seed as usize % turned.len();
        turned.rotate_left(by);
        let mut of_turned = severities("op_utilisation", &turned, "18");
        of_turned.rotate_right(by);
        prop_assert_eq!(severities("op_utilisation", &rates, "18"), of_turned);
    }

    #[test]
    fn a_unit_at_ten_times_the_rest_is_always_held(
        numerators in prop::collection::vec(80_u64..=120, 8..40)
    ) {
        let mut rates: Vec<Rate> = numerators.iter().enumerate().map(|(n, num)| rate(n, *num, 1000)).collect();
        rates.push(rate(99, 1200, 1000));
        prop_assert_eq!(*severities("op_utilisation", &rates, "07").last().unwrap(), Some(CaseSeverity::Hold));
    }

    #[test]
    fn peers_of_whom_most_have_none_raise_nothing(
        none in 4_usize..30, numerators in prop::collection::vec(1_u64..6000, 1..4)
    ) {
        let all = std::iter::repeat_n(0, none).chain(numerators);
        let rates: Vec<Rate> = all.enumerate().map(|(n, num)| rate(n, num, 1_000_000)).collect();
        prop_assert!(severities("op_utilisation", &rates, "18").iter().all(Option::is_none));
    }

    #[test]
    fn equal_peers_never_raise_anything(numerator in 0_u64..6000, count in 1_usize..40) {
        let rates: Vec<Rate> = (0..count).map(|n| rate(n, numerator, 1000)).collect();
        prop_assert!(severities("op_utilisation", &rates, "18").iter().all(Option::is_none));
    }

    #[test]
    fn whole_numbers_say_what_a_float_would(
        numerators in prop::collection::vec(1_u64..5000, 8..40)
    ) {
        let rates: Vec<Rate> = numerators.iter().enumerate().map(|(n, num)| rate(n, *num, 997)).collect();
        let judged = judge(&rule("op_utilisation"), &rates, &classes(), &|_| "07".to_owned());
        let mut of: Vec<f64> = numerators.iter().map(|num| *num as f64 / 997.0).collect();
        of.sort_by(f64::total_cmp);
        let median = of[(of.len() - 1) / 2];
        let mut away: Vec<f64> = of.iter().map(|x| (x - median).abs()).collect();
        away.sort_by(f64::total_cmp);
        let mad = away[(away.len() - 1) / 2].max(median / 20.0);
        for (num, judged) in numerators.iter().zip(judged) {
            let x = *num as f64 / 997.0;
            let (z, ratio) = (0.6745 * (x - median) / mad, x / median);
            let near = (z - 5.0).abs() < 0.01 || (ratio - 2.0).abs() < 0.001;
            prop_assert!(near || (z > 5.0 && ratio >= 2.0) == (judged.severity == Some(CaseSeverity::Hold)), "{}", z);
        }
    }
}
