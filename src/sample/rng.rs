//! A small random generator whose bytes we own: the same seed must give the
//! same archives for as long as the program lives, which no crate promises.

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Rng(u64);

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One number from many, the same for the same many.
pub fn hash(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(part.wrapping_add(1)))
    })
}

impl Rng {
    /// A stream of its own for every list of parts.
    pub fn new(parts: &[u64]) -> Self {
        Self(hash(parts))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `limit`; 0 when the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The bias of taking the high half of a product is below 2^-32 here.
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both possible.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        ((self.next() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    /// A position below `limit`, for lists.
    pub fn at(&mut self, limit: usize) -> usize {
        self.below(limit as u64) as usize
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.at(list.len())]
    }

    /// A position chosen by weight; the last one when all weights are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let total: u64 = weights.clone().sum();
        let mut left = self.below(total);
        let mut last = 0;
        for (at, weight) in weights.enumerate() {
            if left < weight {
                return at;
            }
            left -= weight;
            last = at;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_never_changes() {
        let mut rng = Rng::new(&[1, 2, 3]);
        let first: Vec<u64> = (0..3).map(|_| rng.below(1_000_000)).collect();
        let mut again = Rng::new(&[1, 2, 3]);
        assert_eq!(first, (0..3).map(|_| again.below(1_000_000)).collect::<Vec<_>>());
        let mut other = Rng::new(&[1, 2, 4]);
        assert_ne!(first, (0..3).map(|_| other.below(1_000_000)).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_stay_in_their_bounds_and_reach_them() {
        let mut rng = Rng::new(&[7]);
        let mut seen = [false; 4];
        for _ in 0..200 {
            let n = rng.range(-1, 2);
            assert!((-1..=2).contains(&n));
            seen[(n + 1) as usize] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(rng.weighted([0, 5, 0].into_iter()), 1);
    }
}
