//! Making citizen IDs. Checking them is not done here: the sample must not
//! agree with the validator by sharing its code.

/// The check digit of twelve digits: weights 13 to 2, modulus 11.
fn check_digit(twelve: &str) -> u32 {
    let sum: u32 =
        twelve.bytes().zip((2..=13u32).rev()).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    (11 - sum % 11) % 10
}

/// A citizen ID with a right check digit: kind of person, province, district
/// and a running number, which is scattered so that neighbours look unrelated.
pub fn make(kind: u64, province: u32, amphoe: u32, serial: u64) -> String {
    // 7,919 has no factor in common with ten million, so no two numbers meet.
    let scattered = (serial % 10_000_000 * 7_919 + 1_234_567) % 10_000_000;
    let twelve = format!("{kind}{province:02}{amphoe:02}{scattered:07}");
    let digit = check_digit(&twelve);
    format!("{twelve}{digit}")
}

/// The same number with a wrong check digit.
pub fn spoil(cid: &str) -> String {
    let (twelve, last) = cid.split_at(12);
    let digit = (last.parse::<u32>().unwrap_or(0) + 1) % 10;
    format!("{twelve}{digit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_dictionary() {
        assert_eq!(check_digit("123456789012"), 1);
    }

    #[test]
    fn numbers_are_valid_and_differ() {
        let mut seen = std::collections::BTreeSet::new();
        for serial in 0..2_000 {
            let cid = make(3, 35, 4, serial);
            assert!(crate::row::citizen_id::is_valid(&cid), "{cid}");
            assert!(!crate::row::citizen_id::is_valid(&spoil(&cid)), "{cid}");
            assert!(seen.insert(cid));
        }
    }
}
