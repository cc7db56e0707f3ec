//! Sums of unknown numbers: which other sums follow from those that are told.
//!
//! Gauss over the numbers modulo a large prime: exact, without fractions. The
//! sums are of noughts and ones, so that one that follows there but not in
//! the rationals would take a coincidence with that prime.

/// 2^61 − 1.
const PRIME: u128 = (1 << 61) - 1;

/// The sums that follow from some sums of unknowns.
pub struct KnownSums {
    unknowns: usize,
    /// Rows in echelon form: the first unknown that each has, with weight 1.
    rows: Vec<(usize, Vec<u64>)>,
}

impl KnownSums {
    /// Nothing is told.
    pub fn new(unknowns: usize) -> Self {
        Self { unknowns, rows: Vec::new() }
    }

    /// The sum of these unknowns is told.
    pub fn add(&mut self, unknowns: &[usize]) {
        let mut row = self.reduced(unknowns);
        let Some(first) = row.iter().position(|weight| *weight != 0) else { return };
        let inverse = power(row[first], PRIME - 2);
        for weight in &mut row {
            *weight = times(*weight, inverse);
        }
        let at = self.rows.partition_point(|(other, _)| *other < first);
        self.rows.insert(at, (first, row));
    }

    /// Whether the sum of these unknowns follows from what is told.
    pub fn holds(&self, unknowns: &[usize]) -> bool {
        self.reduced(unknowns).iter().all(|weight| *weight == 0)
    }

    fn reduced(&self, unknowns: &[usize]) -> Vec<u64> {
        let mut row = vec![0; self.unknowns];
        for at in unknowns {
            row[*at] = 1;
        }
        for (first, known) in &self.rows {
            let factor = row[*first];
            if factor != 0 {
                for (weight, other) in row.iter_mut().zip(known) {
                    *weight = minus(*weight, times(factor, *other));
                }
            }
        }
        row
    }
}

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % PRIME) as u64
}

fn minus(a: u64, b: u64) -> u64 {
    ((u128::from(a) + PRIME - u128::from(b)) % PRIME) as u64
}

fn power(mut base: u64, mut exponent: u128) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}
