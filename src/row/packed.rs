//! Short texts as machine words: compared, found to be digits and read as
//! numbers eight bytes at a time. Nearly every field is that short.

/// Longest text that is packed, in bytes.
const LONGEST: usize = 16;

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A text of 1 to 16 bytes; two are equal exactly when their texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed {
    /// The first eight bytes, zeros behind a shorter text.
    pub(super) head: u64,
    /// The last eight bytes of a text that is longer than eight.
    pub(super) tail: u64,
    pub(super) len: usize,
}

impl Packed {
    /// What texts of other lengths are packed to.
    pub const NONE: Self = Self { head: 0, tail: 0, len: 0 };
    /// Unlike anything that a text is packed to.
    pub const UNLIKE_ALL: Self = Self { head: 0, tail: 0, len: usize::MAX };

    /// Packs a text.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        let len = bytes.len();
        match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(head), Some(tail)) if len <= LONGEST => {
                let tail = if len > 8 { u64::from_le_bytes(*tail) } else { 0 };
                Self { head: u64::from_le_bytes(*head), tail, len }
            }
            (None, _) => Self { head: word(bytes), tail: 0, len },
            _ => Self::NONE,
        }
    }

    /// Whether this is a text.
    pub fn is_some(self) -> bool {
        (1..=LONGEST).contains(&self.len)
    }

    /// The number that a text of nothing but digits says, leading zeros
    /// allowed.
    #[allow(clippy::inline_always, reason = "a few instructions, asked of nearly every field")]
    #[inline(always)]
    pub fn digits(self) -> Option<i64> {
        match self.len {
            1..=8 => {
                let word = filled(self.head, self.len);
                are_digits(word).then(|| value(word))
            }
            9..=LONGEST => {
                let head = filled(self.head, self.len - 8);
                (are_digits(head) && are_digits(self.tail))
                    .then(|| value(head) * 100_000_000 + value(self.tail))
            }
            _ => None,
        }
    }

    /// As [`Packed::digits`], of a number that its text can be rebuilt from.
    #[allow(clippy::inline_always, reason = "a few instructions, asked of nearly every field")]
    #[inline(always)]
    pub fn canonical(self) -> Option<i64> {
        match self.head as u8 {
            b'1'..=b'9' => self.digits(),
            b'0' if self.len == 1 => Some(0),
            _ => None,
        }
    }

    /// The number that a text of at most eight bytes says with so many
    /// decimals (1 to 6), in units of the last, when the text can be rebuilt
    /// from it.
    #[inline]
    pub fn scaled(self, decimals: u8) -> Option<i64> {
        let decimals = usize::from(decimals);
        if self.len > 8 || self.len < decimals + 2 {
            return None;
        }
        let word = filled(self.head, self.len);
        let point = 8 * (7 - decimals);
        let zero = self.head & 0xff == u64::from(b'0');
        if word >> point & 0xff != u64::from(b'.') || zero && self.len > decimals + 2 {
            return None;
        }
        // What stands before the point moves into its place.
        let before = word & ((1 << point) - 1);
        let fraction = word & (u64::MAX << point << 8);
        let word = fraction | before << 8 | u64::from(b'0');
        are_digits(word).then(|| value(word))
    }

    /// The one character of a text that has only one.
    #[inline]
    pub fn single(self) -> Option<u8> {
        (self.len == 1).then_some(self.head as u8)
    }

    /// A text of at most eight bytes as a word; no two share one as long as
    /// none has a NUL.
    #[inline]
    pub fn short(self) -> Option<u64> {
        (1..=8).contains(&self.len).then_some(self.head)
    }
}

/// A text of 1 to 16 digits as a number that no other such text has, nor any
/// number of up to 58 bits: what it says, and its length in the upper bits.
#[inline]
pub fn digits_key(text: &str) -> Option<u64> {
    let packed = Packed::new(text.as_bytes());
    Some((packed.len as u64) << 58 | packed.digits()? as u64)
}

/// [`digits_key`] of the text of a number.
#[inline]
pub(super) fn number_key(number: i64) -> Option<u64> {
    let digits = number.checked_ilog10().map_or(1, |zeros| zeros + 1);
    let fits = number >= 0 && digits <= LONGEST as u32;
    fits.then_some(u64::from(digits) << 58 | number.cast_unsigned())
}

/// At most eight bytes as a word, zeros behind them.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (bytes.len() - 4));
    }
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The first `count` bytes of a word (1 to 8) with zero digits before them.
#[inline]
fn filled(word: u64, count: usize) -> u64 {
    let shift = 64 - 8 * count;
    word << shift | ZEROS & ((1 << shift) - 1)
}

#[inline]
fn are_digits(word: u64) -> bool {
    const UPPER: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // What lies between 0x3a and 0x3f is carried into the upper half by 6.
    word & UPPER == ZEROS && word.wrapping_add(0x0606_0606_0606_0606) & UPPER == ZEROS
}

/// Eight digits as a number: in pairs, then in fours, then all.
#[inline]
fn value(word: u64) -> i64 {
    const PAIR: u64 = 0x0000_00ff_0000_00ff;
    let ones = word.wrapping_sub(ZEROS);
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    let upper = (pairs & PAIR).wrapping_mul(100 + (1_000_000 << 32));
    let lower = (pairs >> 16 & PAIR).wrapping_mul(1 + (10_000 << 32));
    (upper.wrapping_add(lower) >> 32) as i64
}

/// Whether a text has digits only.
#[inline]
pub(super) fn all_digits(text: &str) -> bool {
    let (words, rest) = text.as_bytes().as_chunks();
    words.iter().all(|word| are_digits(u64::from_le_bytes(*word)))
        && rest.iter().all(u8::is_ascii_digit)
}

/// The bytes of a word that are `|`, each as its highest bit.
#[inline]
pub(super) fn delimiters(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // Exact: no carry leaves a byte. A byte that is no NUL now has a bit set.
    let other = word ^ 0x7c7c_7c7c_7c7c_7c7c;
    !((other & LOW).wrapping_add(LOW) | other | LOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_texts_and_no_others_are_packed_alike(a in "[01]{0,4}|[0a|]{0,17}", b in "[01]{0,4}|[0a|]{0,17}") {
            let (packed, other) = (Packed::new(a.as_bytes()), Packed::new(b.as_bytes()));
            prop_assert_eq!(packed.is_some(), (1..=16).contains(&a.len()));
            prop_assert_eq!(Packed::new(a.clone().as_bytes()), packed);
            if packed.is_some() {
                prop_assert_eq!(packed == other, a == b);
            }
            prop_assert_ne!(packed, Packed::UNLIKE_ALL);
            if let Some(key) = digits_key(&a) {
                prop_assert_eq!(Some(key) == digits_key(&b), a == b);
                prop_assert!(key >= 1 << 58, "{}", key);
            }
        }

        #[test]
        fn numbers_are_those_that_the_text_says(text in "[0-9]{1,18}|[0-9:/a]{1,9}|.{0,5}") {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(all_digits(&text), digits || text.is_empty());
            let packed = Packed::new(text.as_bytes());
            let number = if digits && packed.is_some() { text.parse::<i64>().ok() } else { None };
            prop_assert_eq!(packed.digits(), number);
            let canonical = number.filter(|n| n.to_string() == text);
            prop_assert_eq!(packed.canonical(), canonical);
        }

        #[test]
        fn numbers_have_the_key_of_their_text(number in any::<i64>(), digits in 1..=19_u32) {
            for number in [number, number % 10_i64.pow(digits - 1), 10_i64.pow(digits - 1) - 1] {
                prop_assert_eq!(number_key(number), digits_key(&number.to_string()), "{}", number);
            }
        }

        #[test]
        fn decimals_are_those_that_the_text_says(
            text in "[0-9]{0,6}[.1][0-9]{0,4}|[-0-9./:]{1,9}", decimals in 1..=3_u8,
        ) {
            let scaled = crate::row::number::scaled_int(&text, decimals);
            let short = scaled.filter(|_| text.len() <= 8);
            prop_assert_eq!(Packed::new(text.as_bytes()).scaled(decimals), short);
        }

        #[test]
        fn delimiters_are_found_and_nothing_else(bytes in any::<[u8; 8]>(), at in 0..8_usize) {
            let mut bytes = bytes;
            bytes[at] = b'|';
            let found = delimiters(u64::from_le_bytes(bytes));
            for (at, byte) in bytes.into_iter().enumerate() {
                let bits = found >> (8 * at) & 0xff;
                prop_assert_eq!(bits, if byte == b'|' { 0x80 } else { 0 });
            }
        }
    }
}
