//! Splits a pool by weights so that it adds up to the satang.
//!
//! The method is that of the largest remainder: each key gets the whole satang of
//! its exact share, and the remaining satang go one each to the largest fractions.
//! Of two equal fractions the smaller key (the HCODE) comes first, so the order of
//! the weights does not matter.
//!
//! Within one pool more weight never gives less money: of two units the one with
//! more points gets at least as much, and a unit that gains points while the others
//! keep theirs gets at least what it had. (The known paradoxes of the method need a
//! pool or other weights that change.) The tests below try both.

use super::Satang;

/// A pool, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What each gets, in the order in which the weights were given.
    pub shares: Vec<Satang>,
    /// What nobody gets, because nobody has any weight.
    pub unallocated: Satang,
}

/// Splits a pool by weights with their keys.
///
/// Weights of nothing get nothing. Where no weight is left, the pool stays
/// unallocated as a whole; it is shown, and paid to no unit.
///
/// Keys are distinct; a pool and its weights are far below `i64::MAX`, so that
/// their product fits.
pub fn split<K: Ord>(pool: Satang, weights: &[(K, u64)]) -> Split {
    let total: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let amount = u128::from(pool.0.max(0).unsigned_abs());
    if total == 0 {
        return Split { shares: vec![Satang::ZERO; weights.len()], unallocated: pool };
    }
    let exact =
        |weight: u64| (amount * u128::from(weight) / total, amount * u128::from(weight) % total);
    let mut shares: Vec<Satang> =
        weights.iter().map(|(_, weight)| Satang(exact(*weight).0 as i64)).collect();
    let given: i64 = shares.iter().map(|share| share.0).sum();
    let left = amount as i64 - given;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| {
        let (one, other) = (&weights[a], &weights[b]);
        exact(other.1).1.cmp(&exact(one.1).1).then_with(|| one.0.cmp(&other.0))
    });
    // Fewer satang are left than fractions there are, so one each is enough.
    for &index in order.iter().take(left as usize) {
        shares[index] += Satang(1);
    }
    Split { shares, unallocated: Satang::ZERO }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shares(pool: i64, weights: &[(&str, u64)]) -> Vec<i64> {
        split(Satang(pool), weights).shares.into_iter().map(|share| share.0).collect()
    }

    #[test]
    fn the_largest_fractions_get_what_is_left_and_equal_ones_by_their_key() {
        assert_eq!(shares(100, &[("a", 1), ("b", 1), ("c", 1)]), [34, 33, 33]);
        // The same whatever the order in which they are given.
        assert_eq!(shares(100, &[("c", 1), ("b", 1), ("a", 1)]), [33, 33, 34]);
        // 10 x 15/21 = 7.14, 10 x 5/21 = 2.38, 10 x 1/21 = 0.48.
        assert_eq!(shares(10, &[("a", 15), ("b", 5), ("c", 1)]), [7, 2, 1]);
        assert_eq!(shares(1, &[("b", 7), ("a", 7)]), [0, 1]);
    }

    #[test]
    fn no_weight_gets_nothing_and_a_pool_without_weights_is_left() {
        assert_eq!(shares(7, &[("a", 0), ("b", 3)]), [0, 7]);
        assert_eq!(shares(0, &[("a", 1), ("b", 3)]), [0, 0]);
        let none = split(Satang(7), &[("a", 0), ("b", 0)]);
        assert_eq!((none.shares, none.unallocated), (vec![Satang(0), Satang(0)], Satang(7)));
        assert_eq!(split::<&str>(Satang(7), &[]).unallocated, Satang(7));
    }

    prop_compose! {
        fn pool_and_weights()(
            pool in prop_oneof![0..200i64, 0..40_000_000_000i64],
            weights in prop::collection::vec(prop_oneof![0..6u64, 0..90_000_000u64], 1..40),
        ) -> (i64, Vec<(usize, u64)>) {
            (pool, weights.into_iter().enumerate().collect())
        }
    }

    proptest! {
        #[test]
        fn every_pool_adds_up((pool, weights) in pool_and_weights()) {
            let split = split(Satang(pool), &weights);
            let given: Satang = split.shares.iter().copied().sum();
            prop_assert_eq!(given + split.unallocated, Satang(pool));
            for ((_, weight), share) in weights.iter().zip(&split.shares) {
                prop_assert!(share.0 >= 0 && (*weight > 0 || share.0 == 0));
            }
        }

        #[test]
        fn nobody_is_a_satang_away_from_the_exact_share((pool, weights) in pool_and_weights()) {
            let total: u128 = weights.iter().map(|w| u128::from(w.1)).sum();
            prop_assume!(total > 0);
            let split = split(Satang(pool), &weights);
            for ((_, weight), share) in weights.iter().zip(&split.shares) {
                let exact = pool as u128 * u128::from(*weight);
                prop_assert!((share.0 as u128 * total).abs_diff(exact) < total);
            }
        }

        #[test]
        fn of_two_units_the_one_with_more_points_never_gets_less(
            (pool, weights) in pool_and_weights()
        ) {
            let shares = split(Satang(pool), &weights).shares;
            for (a, one) in weights.iter().enumerate() {
                for (b, other) in weights.iter().enumerate() {
                    prop_assert!(one.1 <= other.1 || shares[a] >= shares[b]);
                }
            }
        }

        #[test]
        fn a_unit_that_gains_points_never_gets_less(
            (pool, weights) in pool_and_weights(),
            who in any::<prop::sample::Index>(),
            gain in prop_oneof![1..4u64, 1..9_000_000u64],
        ) {
            let who = who.index(weights.len());
            let before = split(Satang(pool), &weights).shares;
            let mut more = weights;
            more[who].1 += gain;
            let after = split(Satang(pool), &more).shares;
            prop_assert!(after[who] >= before[who], "{} < {}", after[who], before[who]);
        }

        #[test]
        fn the_order_of_the_units_does_not_matter(
            (pool, weights) in pool_and_weights(),
            turn in any::<prop::sample::Index>(),
        ) {
            let mut turned = weights.clone();
            turned.rotate_left(turn.index(weights.len()));
            turned.reverse();
            let by_key = |weights: &[(usize, u64)]| {
                let shares = split(Satang(pool), weights).shares;
                let mut all: Vec<_> = weights.iter().map(|w| w.0).zip(shares).collect();
                all.sort();
                all
            };
            prop_assert_eq!(by_key(&weights), by_key(&turned));
        }
    }
}
